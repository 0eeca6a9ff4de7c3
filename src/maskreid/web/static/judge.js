// Entries are chosen, and somebody says who they are, compares two, or removes them.
import { ask, tell, tellNext } from "./ask.js";

const chosen = new Set();
const json = (value) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(value) });
const who = () => localStorage.getItem("maskreid-who") || null;
const entries = (count) => `${count} ${count === 1 ? "entry" : "entries"}`;
const names = (count) => `${count} ${count === 1 ? "name" : "names"}`;

function show() {
  const bar = document.getElementById("judging");
  if (!bar) return;
  bar.hidden = !chosen.size;
  bar.querySelector("[data-count]").textContent = entries(chosen.size);
  const like = bar.dataset.like.split(" ").filter(Boolean);
  bar.querySelector("[data-judges=different]").disabled = like.length === 0 && chosen.size < 2;
  bar.querySelector("[data-compares]").disabled = chosen.size !== 2;
  for (const box of document.querySelectorAll("[data-chooses]")) {
    box.checked = chosen.has(box.dataset.chooses);
    box.closest(".card")?.classList.toggle("chosen", box.checked);
  }
}

// Who is no longer shown is no longer chosen: what the bar counts and removes is what somebody sees.
function forget() {
  for (const id of chosen) if (!document.querySelector(`[data-chooses="${id}"]`)) chosen.delete(id);
  show();
}

function clear() {
  chosen.clear();
  const name = document.querySelector("#judging [name=identity]");
  if (name) name.value = ""; // it was these entries'
}

// The answers again, with the new names; other pages are loaded again where they are, and say then what was done.
function refresh(said) {
  clear();
  const form = document.querySelector("#search[action='/']");
  if (form) {
    form.requestSubmit();
    tell(said);
  } else {
    tellNext(said);
    location.reload();
  }
}

async function act(work, said, after = refresh) {
  try {
    after(said(await work()));
  } catch (error) {
    tell(error.message);
  }
}

async function judge(what) {
  const bar = document.getElementById("judging");
  let [ids, than] = [[...chosen], []];
  if (what === "different") {
    const like = bar.dataset.like.split(" ").filter(Boolean);
    than = like.length ? like : ids.slice(0, 1);
    ids = ids.filter((id) => !than.includes(id));
  }
  const identity = bar.querySelector("[name=identity]").value.trim() || null;
  await act(
    () => ask("/api/judgements", json({ what, entries: ids, than, identity: what === "different" ? null : identity, who: who() })),
    (judged) => `${judged.identity ? `${judged.identity}: ` : ""}${entries(judged.entries.length)}, ${names(judged.changed)} changed; u takes it back`,
  );
}

export async function takeBack(id) {
  await act(
    () => ask("/api/judgements/undo", json({ id, who: who() })),
    ({ left }) => `Taken back${left.length ? `; ${entries(left.length)} named since left alone` : ""}`,
  );
}

function remove() {
  const dialog = document.getElementById("removal");
  const ids = [...chosen];
  dialog.querySelector("[data-count]").textContent = entries(ids.length);
  dialog.returnValue = "";
  dialog.onclose = async () => {
    if (dialog.returnValue !== "remove") return;
    await act(() => ask("/api/removals", json({ entries: ids, confirm: ids.length })), ({ removed }) => `${entries(removed)} removed`);
  };
  dialog.showModal();
}

export function listenForJudgements() {
  document.addEventListener("change", (event) => {
    const id = event.target.dataset?.chooses;
    if (!id) return;
    if (event.target.checked) chosen.add(id);
    else chosen.delete(id);
    show();
  });
  document.addEventListener("click", ({ target }) => {
    const data = target.closest("button")?.dataset;
    if (!data) return;
    if (data.judges) judge(data.judges);
    else if ("compares" in data) { const [a, b] = chosen; location.assign(`/compare?a=${a}&b=${b}`); }
    else if ("removes" in data) remove();
    else if ("clears" in data) { clear(); show(); }
    else if (data.undoes) takeBack(data.undoes);
    else if (data.judgesPair) {
      const { a, b } = document.getElementById("pair").dataset;
      const same = data.judgesPair === "same";
      const said = { what: data.judgesPair, entries: same ? [a, b] : [b], than: same ? [] : [a], who: who() };
      act(() => ask("/api/judgements", json(said)), (judged) => `Written down${judged.identity ? `: ${judged.identity}` : ""}; u takes it back`, tell);
    }
  });
  document.addEventListener("htmx:after:swap", forget);
  const name = document.querySelector("[data-keeps=who]");
  if (name) {
    name.value = who() ?? "";
    name.addEventListener("change", () => localStorage.setItem("maskreid-who", name.value.trim()));
  }
  show();
}
