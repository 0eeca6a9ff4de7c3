// What a page does beyond links and forms. Everything it asks for is the API's or another page's.
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
// A phone shows the answers first.
const filters = document.querySelector(".filters");
if (filters && matchMedia("(max-width: 760px)").matches) filters.open = false;
const send = document.getElementById("send");
if (send) listenForImages(send);
drawMasks();
listenForKeys();
listenForJudgements();
