// A query's mask: tinted over its image, switched off, or painted anew.
import { ask, tell } from "./ask.js";

const REST = 0.72; // how dark the background is drawn

function load(address) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("the image is no longer kept; send it again"));
    image.src = address;
  });
}

// A mask as a canvas whose alpha is the person.
function alphaOf(image) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i] > 127 ? 255 : 0;
  context.putImageData(pixels, 0, 0);
  return canvas;
}

export function paintOver(canvas, picture, mask) {
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  if (!mask) return;
  const shade = document.createElement("canvas");
  [shade.width, shade.height] = [picture.width, picture.height];
  const shading = shade.getContext("2d");
  shading.fillStyle = `rgb(11 98 176 / ${REST})`;
  shading.fillRect(0, 0, shade.width, shade.height);
  shading.globalCompositeOperation = "destination-out";
  shading.drawImage(mask, 0, 0);
  context.drawImage(shade, 0, 0);
}

const addressOf = ({ dataset }) => `/api/queries/${encodeURIComponent(dataset.query)}/images/${dataset.number}`;

async function draw(item) {
  const canvas = item.querySelector("canvas");
  const picture = await load(`${addressOf(item)}/picture`);
  const mask = canvas.dataset.masked ? alphaOf(await load(`${addressOf(item)}/mask`)) : null;
  paintOver(canvas, picture, mask);
  canvas.dataset.drawn = "yes";
}

async function change(address, options, refused = tell) {
  try {
    await ask(address, options);
    location.reload();
  } catch (error) {
    refused(error.message);
  }
}

async function edit(item) {
  const dialog = document.getElementById("mask");
  const canvas = document.getElementById("painted");
  const [picture, now] = await Promise.all([load(`${addressOf(item)}/picture`), load(`${addressOf(item)}/mask`)]);
  let mask = alphaOf(now);
  let last = null;
  const problem = dialog.querySelector("[role=alert]");
  problem.hidden = true;
  const refused = (text) => { problem.textContent = text; problem.hidden = false; };
  canvas.style.setProperty("--ratio", picture.width / picture.height);
  const show = () => paintOver(canvas, picture, mask);
  const stroke = (event) => {
    const box = canvas.getBoundingClientRect();
    const at = [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
    const context = mask.getContext("2d");
    const on = dialog.querySelector("[name=brush]:checked").value === "on";
    context.globalCompositeOperation = on ? "source-over" : "destination-out";
    context.strokeStyle = "#fff";
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = dialog.querySelector("[name=size]").value * canvas.height / 200;
    context.beginPath();
    context.moveTo(...(last ?? at));
    context.lineTo(at[0] + 0.01, at[1]);
    context.stroke();
    last = at;
    show();
  };
  canvas.onpointerdown = (event) => {
    if (!event.isPrimary || event.button) return; // one finger, or the first button
    canvas.setPointerCapture(event.pointerId); last = null; stroke(event);
  };
  canvas.onpointermove = (event) => { if (canvas.hasPointerCapture(event.pointerId)) stroke(event); };
  dialog.querySelector("[data-resets-mask]").onclick = async () => {
    try {
      mask = alphaOf(await load(`${addressOf(item)}/mask?drawn=true`));
      show();
    } catch (error) {
      refused(error.message);
    }
  };
  dialog.querySelector("form").onsubmit = (event) => {
    if (event.submitter.value !== "save") return;
    event.preventDefault(); // what was painted stays until it is taken
    const flat = document.createElement("canvas"); // on black: what is transparent is background
    [flat.width, flat.height] = [mask.width, mask.height];
    const context = flat.getContext("2d");
    context.fillRect(0, 0, flat.width, flat.height);
    context.drawImage(mask, 0, 0);
    flat.toBlob((body) => change(`${addressOf(item)}/mask`, { method: "PUT", body, headers: { "content-type": "image/png" } }, refused));
  };
  show();
  dialog.showModal();
}

export function drawMasks() {
  for (const item of document.querySelectorAll("[data-query]")) {
    draw(item).catch((error) => tell(error.message));
    item.querySelector("[data-edits-mask]")?.addEventListener("click", () => edit(item).catch((error) => tell(error.message)));
    const off = item.querySelector("[data-switches-mask]");
    off?.addEventListener("click", () => change(`${addressOf(item)}/masked?on=${off.dataset.switchesMask}`, { method: "POST" }));
  }
}
