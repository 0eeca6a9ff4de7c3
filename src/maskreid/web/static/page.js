// What a page does beyond links and forms. Everything it asks for is the API's or another page's.
import { tell, tellKept } from "./ask.js";
import { listenForImages } from "./upload.js";
import { drawMasks } from "./mask.js";
import { listenForKeys } from "./keys.js";
import { listenForJudgements } from "./judge.js";

document.addEventListener("click", (event) => {
  const opens = event.target.closest("[data-opens]");
  if (opens) document.getElementById(opens.dataset.opens).showModal();
});
document.addEventListener("input", ({ target }) => {
  if (target.id === "least") {
    target.nextElementSibling.value = target.value > -1 ? Number(target.value).toFixed(2) : "any";
  }
});
// A mark counts from its click on, also in what is asked before its answer has come.
document.addEventListener("submit", ({ target, submitter }) => {
  if (target.id !== "search" || !submitter?.name) return;
  if (submitter.name === "drop") {
    submitter.closest(".chip").querySelector("input").remove();
    return;
  }
  const mark = document.createElement("input");
  Object.assign(mark, { type: "hidden", name: submitter.name, value: submitter.value });
  mark.setAttribute("form", "search");
  document.getElementById("results").append(mark);
});
// A phone shows the answers first.
const filters = document.querySelector(".filters");
if (filters && matchMedia("(max-width: 760px)").matches) filters.open = false;
const send = document.getElementById("send");
if (send) listenForImages(send);
// What htmx asks for is the page's own: it may not come, and what comes is told to who cannot see it.
document.addEventListener("htmx:error", ({ detail }) => {
  if (detail.error?.name !== "AbortError") tell("the server does not answer; is maskreid serve still running?");
});
// An answer that is no page of ours, such as a proxy's, takes nothing's place.
document.addEventListener("htmx:before:swap", (event) => {
  const { text, response } = event.detail.ctx;
  if (text?.includes('id="results"')) return;
  event.preventDefault();
  tell(`the server answered ${response.status}; what is shown is from before`);
});
document.addEventListener("htmx:after:swap", () => {
  const first = document.querySelector("#results :is(h1, h2, [aria-live])");
  document.getElementById("spoken").textContent = first?.textContent ?? "";
});
tellKept();
drawMasks();
listenForKeys();
listenForJudgements();
