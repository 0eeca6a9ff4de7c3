// Images dropped, pasted or chosen become a query, and the page goes to its answers.
import { ask } from "./ask.js";

const LARGEST = 20 * 1024 * 1024; // as the server: told before sending

export function listenForImages(form) {
  const input = form.elements.images;
  const problem = document.getElementById("send-problem");

  let sending = null;

  function busy(on) {
    form.classList.toggle("busy", on);
    form.setAttribute("aria-busy", on);
  }

  async function search(files) {
    if (!files.length) return;
    sending?.abort(); // the last that was given is what is looked for
    const mine = sending = new AbortController();
    problem.hidden = true;
    busy(true);
    try {
      if ([...files].reduce((sum, file) => sum + file.size, 0) > LARGEST) {
        throw new Error("too large: 20 MB are taken at a time; send smaller images");
      }
      const body = new FormData();
      for (const file of files) body.append("images", file, file.name || "pasted.png");
      const { id } = await ask("/api/queries", { method: "POST", body, signal: mine.signal });
      const kept = new URLSearchParams(new FormData(document.getElementById("search")));
      for (const name of ["like", "unlike"]) kept.delete(name);
      for (const [name, value] of [...kept]) if (value === "") kept.delete(name, value);
      kept.set("q", id);
      location.assign(`/?${kept}`);
    } catch (error) {
      if (mine !== sending) return;
      problem.textContent = error.message;
      problem.hidden = false;
      busy(false);
      input.value = "";
    }
  }

  addEventListener("pageshow", () => busy(false)); // back from the answers
  form.querySelector("button").hidden = true; // choosing is enough
  input.addEventListener("change", () => search(input.files));
  form.addEventListener("submit", (event) => { event.preventDefault(); search(input.files); });
  const elsewhere = ({ target }) => document.querySelector("dialog[open]") || target.closest?.("input:not([type=file]), textarea");
  document.addEventListener("paste", (event) => {
    if (elsewhere(event)) return; // text from an office program comes with its picture
    const files = [...event.clipboardData.files];
    if (files.length) { event.preventDefault(); search(files); }
  });
  for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    document.addEventListener(name, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      const takes = !document.querySelector("dialog[open]");
      form.classList.toggle("over", over && takes);
      if (name === "drop" && takes) search(event.dataTransfer.files);
    });
  }
}
