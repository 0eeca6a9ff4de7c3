// Entries are chosen, and somebody says who they are, compares two, or removes them.
import { ask, tell, tellNext } from "./ask.js";

const chosen = new Set();
const json = (value) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(value) });
const who = () => localStorage.getItem("maskreid-who") || null;
const nameField = () => document.querySelector("#judging [name=identity]");
const entries = (count) => `${count} ${count === 1 ? "entry" : "entries"}`;
const names = (count) => `${count} ${count === 1 ? "name" : "names"}`;

function show() {
  const bar = document.getElementById("judging");
  if (!bar) return;
  bar.hidden = !chosen.size;
  bar.querySelector("[data-count]").textContent = entries(chosen.size);
  const like = bar.dataset.like.split(" ").filter(Boolean);
  const others = like.length ? [...chosen].filter((id) => !like.includes(id)).length : chosen.size - 1;
  bar.querySelector("[data-judges=different]").disabled = others < 1;
  bar.querySelector("[data-compares]").disabled = chosen.size !== 2;
  for (const box of document.querySelectorAll("[data-chooses]")) {
    box.checked = chosen.has(box.dataset.chooses);
    box.closest(".card")?.classList.toggle("chosen", box.checked);
  }
}

// Who is no longer shown is no longer chosen: what the bar counts and removes is what somebody sees.
function forget(typed) {
  for (const id of chosen) if (!document.querySelector(`[data-chooses="${id}"]`)) chosen.delete(id);
  if (nameField()) nameField().value = chosen.size ? typed : ""; // the bar may be new
  show();
}

function clear() {
  chosen.clear();
  if (nameField()) nameField().value = ""; // it was these entries'
}

// The answers again, with the new names; other pages are loaded again where they are, and say then what was done.
function refresh(said) {
  clear();
  const form = document.querySelector("#search[action='/']");
  if (form) {
    form.requestSubmit();
    show();
    tell(said);
  } else {
    tellNext(said);
    location.reload();
  }
}

let acting = false;

async function act(work, said, after = refresh) {
  if (acting) {
    tell("wait for what was said before");
    return;
  }
  acting = true;
  try {
    after(said(await work()));
  } catch (error) {
    tell(error.message);
  } finally {
    acting = false;
  }
}

// What was judged in this window, the last last: others judge too, and theirs is not taken back by a key.
const own = () => JSON.parse(sessionStorage.getItem("maskreid-judged") ?? "[]");
const keepOwn = (ids) => sessionStorage.setItem("maskreid-judged", JSON.stringify(ids));

async function say(said) {
  const judged = await ask("/api/judgements", json({ ...said, who: who() }));
  keepOwn([...own(), judged.id]);
  return judged;
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
    () => say({ what, entries: ids, than, identity: what === "different" ? null : identity }),
    (judged) => `${judged.identity ? `${judged.identity}: ` : ""}${entries(judged.entries.length)}, ${names(judged.changed)} changed; u takes it back`,
  );
}

async function takeBack(id) {
  await act(
    async () => {
      const undone = await ask("/api/judgements/undo", json({ id, who: who() }));
      keepOwn(own().filter((each) => each !== id));
      return undone;
    },
    ({ left }) => `Taken back${left.length ? `; ${entries(left.length)} named since left alone` : ""}`,
  );
}

export async function takeBackOwn() {
  try {
    const { judgements } = await ask("/api/judgements");
    const stand = new Set(judgements.filter((each) => each.stands).map((each) => each.id));
    keepOwn(own().filter((id) => stand.has(id))); // others are taken back already, or gone with their entries
  } catch (error) {
    tell(error.message);
    return;
  }
  const id = own().at(-1);
  if (id) await takeBack(id);
  else tell("nothing that was judged in this window stands; Judgements lists what can be taken back");
}

function remove() {
  const dialog = document.getElementById("removal");
  const ids = [...chosen];
  dialog.querySelector("[data-count]").textContent = entries(ids.length);
  dialog.returnValue = "";
  dialog.onclose = async () => {
    if (dialog.returnValue !== "remove") return;
    await act(() => ask("/api/removals", json({ entries: ids, confirm: ids.length })), ({ removed }) => {
      for (const mark of document.querySelectorAll("input[type=hidden]")) if (ids.includes(mark.value)) mark.remove();
      return `${entries(removed)} removed`;
    });
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
  document.addEventListener("click", ({ target, detail }) => {
    if (detail > 1) return; // a double click says nothing twice
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
      const said = { what: data.judgesPair, entries: same ? [a, b] : [b], than: same ? [] : [a] };
      act(() => say(said), (judged) => `Written down${judged.identity ? `: ${judged.identity}` : ""}; u takes it back`, tell);
    }
  });
  let typed = { value: "", at: null };
  document.addEventListener("htmx:before:swap", () => {
    const field = nameField();
    typed = { value: field?.value ?? "", at: field && field === document.activeElement ? field.selectionStart : null };
  });
  document.addEventListener("htmx:after:swap", () => {
    forget(typed.value);
    if (typed.at === null || !chosen.size) return;
    nameField()?.focus(); // who types goes on, instead of pressing keys that do something
    nameField()?.setSelectionRange(typed.at, typed.at);
  });
  const name = document.querySelector("[data-keeps=who]");
  if (name) {
    name.value = who() ?? "";
    name.addEventListener("change", () => localStorage.setItem("maskreid-who", name.value.trim()));
  }
  show();
}
