// The whole page by keyboard; the dialog "help" lists the keys.

import { takeBackOwn } from "./judge.js";

const typing = (element) => element.matches("input:not([type=checkbox], [type=radio], [type=range], [type=file]), select, textarea");

function move(key) {
  const links = [...document.querySelectorAll(".card .shot")];
  if (!links.length) return false;
  const here = links.findIndex((link) => link.closest(".card").contains(document.activeElement));
  if (here < 0) {
    links[0].focus();
    return true;
  }
  const top = (link) => link.closest(".card").offsetTop;
  const left = (link) => link.closest(".card").offsetLeft;
  let to = here + { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (key === "ArrowDown" || key === "ArrowUp") {
    const down = key === "ArrowDown";
    const rows = links.map((link, index) => [link, index]).filter(([link]) => (down ? top(link) > top(links[here]) : top(link) < top(links[here])));
    const next = down ? top(rows[0]?.[0] ?? links[here]) : top(rows.at(-1)?.[0] ?? links[here]);
    const row = rows.filter(([link]) => top(link) === next);
    row.sort((a, b) => Math.abs(left(a[0]) - left(links[here])) - Math.abs(left(b[0]) - left(links[here])));
    to = row[0]?.[1] ?? here;
  }
  links[Math.max(0, Math.min(links.length - 1, to))].focus();
  return true;
}

const presses = { m: "[name=like]", n: "[name=unlike]", x: "[data-chooses]", c: ".compares" };

export function listenForKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.repeat && !event.key.startsWith("Arrow")) return; // held, not pressed again
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    const { key } = event;
    const card = document.activeElement?.closest(".card");
    if (key.startsWith("Arrow") && !event.target.matches("input:not([type=checkbox])") && (card || document.activeElement === document.body)) {
      if (move(key)) event.preventDefault();
    } else if (key === "/") {
      event.preventDefault();
      document.getElementById("images")?.click();
    } else if (key === "?") {
      document.getElementById("help").showModal();
    } else if (key === "j") {
      document.querySelector("#judging:not([hidden]) button:enabled")?.focus();
    } else if (key === "u") {
      takeBackOwn();
    } else if (card && presses[key]) {
      card.querySelector(presses[key])?.click();
    }
  });
  // After a refinement or a judgement the wall is new: stay at the place.
  let place = -1;
  document.addEventListener("htmx:before:request", () => {
    const active = document.activeElement;
    const card = active?.closest("#judging") ? document.querySelector(".card.chosen") : active?.closest(".card");
    place = active && typing(active) ? -1 : [...document.querySelectorAll(".card")].indexOf(card);
  });
  document.addEventListener("htmx:after:swap", () => {
    if (place >= 0) document.querySelectorAll(".card .shot")[place]?.focus();
    place = -1;
  });
}
