// The set-up of a bay: slots are rectangles over its still, drawn with the pointer, or added and moved by keys. Shares of
// the picture go to the box; it says what does not fit.

import { post } from "/static/ui/post.js";

const root = document.querySelector("[data-setup]");
const said = JSON.parse(root.dataset.state);
const drawing = root.querySelector("[data-drawing]");
const { width: WIDE, height: HIGH } = drawing.viewBox.baseVal;
const LEAST = 0.012;
const STEP = 0.005;
const part = (name) => document.querySelector(`[data-${name}]`);
const text = (element, value) => { if (element.textContent !== value) element.textContent = value; };
const slots = said.slots.map((slot) => ({ ...slot, box: [...slot.box] }));
let now = null;
let begun = null;
let names = {};

const shares = (event) => {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
  return [Math.min(1, Math.max(0, at.x / WIDE)), Math.min(1, Math.max(0, at.y / HIGH))];
};
const boxOf = ([x1, y1], [x2, y2]) => [Math.min(x1, x2), Math.min(y1, y2), Math.abs(x1 - x2), Math.abs(y1 - y2)];
const round = (share) => Math.round(share * 10_000) / 10_000;
const hit = ([x, y]) => slots.findLast(({ box }) => x >= box[0] && x <= box[0] + box[2] && y >= box[1] && y <= box[1] + box[3]);

function place(element, box) {
  element.setAttribute("x", box[0] * WIDE);
  element.setAttribute("y", box[1] * HIGH);
  element.setAttribute("width", box[2] * WIDE);
  element.setAttribute("height", box[3] * HIGH);
}

function nextName() {
  const taken = new Set(slots.map((slot) => slot.name));
  const planned = said.toPlace.find((slot) => !taken.has(slot.name));
  if (planned) return planned;
  for (let number = 1; ; number += 1) {
    const name = `1-${String(number).padStart(2, "0")}`;
    if (!taken.has(name)) return { name, product: "", facings: 1 };
  }
}

function addSlot(box) {
  const { name, product, facings } = nextName();
  now = { name, product, facings, box: box.map(round) };
  slots.push(now);
  draw();
}

// Drawing

function draw() {
  const group = part("slots");
  group.replaceChildren(...slots.map((slot) => {
    const one = document.createElementNS("http://www.w3.org/2000/svg", "g");
    one.setAttribute("class", `slot${slot === now ? " slot--wrong" : ""}`);
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const tag = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const word = document.createElementNS("http://www.w3.org/2000/svg", "text");
    place(rect, slot.box);
    rect.setAttribute("rx", 3);
    place(tag, [slot.box[0], slot.box[1], (14 + 9 * slot.name.length) / WIDE, 22 / HIGH]);
    tag.setAttribute("class", "slot__tag");
    word.setAttribute("x", slot.box[0] * WIDE + 7);
    word.setAttribute("y", slot.box[1] * HIGH + 16);
    word.textContent = slot.name;
    one.append(rect, tag, word);
    return one;
  }));
  text(part("count"), String(slots.length));
  drawList();
  drawForm();
}

function drawList() {
  part("list").replaceChildren(...slots.map((slot) => {
    const item = document.createElement("li");
    const key = document.createElement("button");
    if (slot === now) item.setAttribute("aria-current", "true");
    key.type = "button";
    key.className = "slot-list__key";
    key.textContent = `${slot.name}  ${names[slot.product]?.[0] || slot.product || "no product yet"}`;
    key.addEventListener("click", () => { now = slot; draw(); });
    item.className = "slot-list__wide";
    item.append(key);
    return item;
  }));
}

function drawForm() {
  part("form").hidden = !now;
  part("hint").hidden = Boolean(now);
  if (!now) return;
  text(part("which"), now.name);
  const [name, product] = [part("field-name"), part("field-product")];
  if (document.activeElement !== name) name.value = now.name;
  if (document.activeElement !== product) product.value = names[now.product]?.[0] || now.product;
  text(root.querySelector('[data-value="facings"]'), String(now.facings));
  ["x", "y", "width", "height"].forEach((side, at) => text(root.querySelector(`[data-value="${side}"]`), `${(100 * now.box[at]).toFixed(1)} %`));
}

function tell(words, good = false) {
  const line = document.createElement("p");
  line.className = `told__line${good ? " told__line--done" : ""}`;
  line.setAttribute("role", good ? "status" : "alert");
  line.textContent = words;
  part("said").replaceChildren(line);
}

// Pointer

drawing.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  event.preventDefault();
  begun = shares(event);
  drawing.setPointerCapture(event.pointerId);
});
drawing.addEventListener("pointermove", (event) => {
  if (!begun) return;
  place(part("new"), boxOf(begun, shares(event)));
  part("new").removeAttribute("hidden");
});
drawing.addEventListener("pointerup", (event) => {
  if (!begun) return;
  const box = boxOf(begun, shares(event));
  part("new").setAttribute("hidden", "");
  const from = begun;
  begun = null;
  if (box[2] < LEAST || box[3] < LEAST) { now = hit(from) || null; draw(); return; } // a tap chooses
  addSlot(box);
});
drawing.addEventListener("pointercancel", () => { begun = null; part("new").setAttribute("hidden", ""); });

// Keys

function step(side, by) {
  if (side === "facings") { now.facings = Math.min(40, Math.max(1, now.facings + by)); draw(); return; }
  const at = ["x", "y", "width", "height"].indexOf(side);
  const most = at < 2 ? 1 - now.box[at + 2] : 1 - now.box[at - 2];
  now.box[at] = round(Math.min(most, Math.max(at < 2 ? 0 : LEAST, now.box[at] + by * STEP)));
  draw();
}

document.addEventListener("click", async (event) => {
  const key = event.target.closest("button");
  if (key?.matches("[data-by]") && now) step(key.dataset.by, Number(key.dataset.step));
  else if (key?.matches("[data-add]")) addSlot(freeBox());
  else if (key?.matches("[data-remove]") && now) { slots.splice(slots.indexOf(now), 1); now = null; draw(); }
  else if (key?.matches("[data-save]")) await save();
});

// Beside the last one, else from the top left on.
function freeBox() {
  const last = slots.at(-1)?.box || [-0.09, 0.02, 0.1, 0.14];
  const [x, y, width, height] = last;
  if (x + 2 * width + 0.01 <= 1) return [x + width + 0.01, y, width, height];
  return [0.02, Math.min(1 - height, y + height + 0.02), width, height];
}

part("field-name").addEventListener("input", ({ target }) => { if (now) { now.name = target.value.trim(); drawList(); text(part("which"), now.name); } });
part("field-product").addEventListener("input", ({ target }) => {
  if (!now) return;
  const wanted = target.value.trim();
  const found = Object.entries(names).find(([gtin, [name]]) => name === wanted || gtin === wanted.padStart(14, "0"));
  now.product = found ? found[0] : wanted;
  drawList();
});

async function save() {
  part("save").disabled = true;
  try {
    const answer = await post(`/shelf/${encodeURIComponent(said.bay)}/setup`, { slots });
    const reply = await answer.json().catch(() => ({}));
    const later = reply.data?.restart ? " The camera works by it from the next start of the store's line on." : "";
    if (reply.accepted) tell(`Saved: ${reply.data.slots} slots, ${reply.data.planned} of them in the planogram.${later}`, true);
    else tell(reply.reason || reply.error || `The box answered ${answer.status}.`);
  } finally {
    part("save").disabled = false;
  }
}

try {
  const found = await (await fetch("/hand/products", { headers: { Accept: "application/json" } })).json();
  names = found.products || {};
  part("form").querySelector("datalist").replaceChildren(...Object.values(names).slice(0, 3000).map(([name]) => Object.assign(document.createElement("option"), { value: name })));
} catch {
  // numbers can be typed all the same
}
root.dataset.ready = "yes";
draw();
