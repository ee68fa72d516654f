// A blind count: each scan adds one, is on the hand-held's disk before it is shown, and reaches the box when it can.

import { ACT_MS, patient } from "/static/ui/patience.js";
import { beep } from "./beeps.js";
import { knownProducts, loadProducts, lookUp, nameOf } from "./codes.js";
import { ageText } from "./hand.js";
import { newKey, things } from "./kept.js";
import { add, begin, boxNowMs, pending, send, state as waiting } from "./sending.js";
import { keyOf, tally, total } from "./tally.js";
import { wedge } from "./wedge.js";

const root = document.querySelector("[data-count]");
const said = JSON.parse(root.dataset.state);
const address = `/count/${said.sheet}/lines`;
const shelf = `sheet ${said.sheet} ${said.round}`;
const part = (name) => root.querySelector(`[data-${name}]`);
const lines = new Map(said.lines.map((line) => [line.key, line]));
let items = said.items;
let now = items.length ? items[0] : null; // the product that is being counted
let lastAt = 0;

const sums = () => tally(lines.values());
const sumOf = (item, of = sums()) => total(of.get(keyOf(item.gtin, item.place)));

// Lines

async function put(values, item) {
  const key = newKey();
  const at_ms = boxNowMs();
  await add(address, { ...values, key, at_utc_s: at_ms / 1000, round: said.round, place: item.place }, { key, lines: true, told: item.name });
  const line = { key, at_ms, gtin: item.gtin, code: values.code || "", place: item.place, lot: values.lotKey ?? "", mode: values.mode, quantity: values.quantity };
  lines.set(key, line);
  lastAt = Date.now();
  await things.put(shelf, [...lines.values()]).catch(() => {});
}

async function scanned(text) {
  const { code, gtin, name, unit, whole } = lookUp(text);
  if (!gtin) {
    await put({ code, quantity: 1, mode: "add" }, { gtin: "", place: now?.place || said.place, name: code });
    beep(false);
    draw();
    return;
  }
  const item = itemOf(gtin, name, unit);
  now = item;
  if (unit === "kg" && !whole) { draw(); type(); return; }
  await put({ ...(whole ? { code, lotKey: code } : { gtin }), quantity: 1, mode: "add" }, item);
  beep(true);
  draw();
}

// A product that is not on the sheet is counted too.
function itemOf(gtin, name, unit) {
  const there = items.find((one) => one.gtin === gtin && one.place === now?.place) || items.find((one) => one.gtin === gtin);
  if (there) return there;
  const found = { gtin, name, unit, place: now?.place || said.place, slot: "not on the sheet", extra: true };
  items = [...items, found];
  return found;
}

async function step(by) {
  if (!now) return;
  const last = [...lines.values()].filter((line) => line.gtin === now.gtin && line.place === now.place && line.mode === "add").at(-1);
  if (by < 0 && !(sumOf(now) > 0)) return;
  const same = last?.lot && last.code ? { code: last.code, lotKey: last.lot } : { gtin: now.gtin };
  if (by < 0 && sumOf(now) < 1) await set(0);
  else await put({ ...same, quantity: by, mode: "add" }, now);
  draw();
}

// The sum of the product, whatever lots were scanned of it.
async function set(amount) {
  const lots = [...(sums().get(keyOf(now.gtin, now.place)) || new Map()).keys()].filter(Boolean);
  for (const lot of lots) {
    const code = [...lines.values()].find((line) => line.lot === lot && line.code)?.code;
    await put({ ...(code ? { code } : { gtin: now.gtin, lot }), lotKey: lot, quantity: 0, mode: "set" }, now);
  }
  await put({ gtin: now.gtin, quantity: amount, mode: "set" }, now);
  draw();
}

// Drawing

const text = (element, value) => { if (element.textContent !== value) element.textContent = value; };
const shown = (amount, unit) => (amount === null || amount === undefined ? "– –" : `${amount}${unit === "kg" ? " kg" : ""}`);

function draw() {
  const of = sums();
  const done = items.filter((item) => !item.extra && sumOf(item, of) !== null).length;
  const planned = items.filter((item) => !item.extra).length;
  const progress = part("progress");
  progress.value = done;
  text(progress, `${done} of ${planned}`);
  text(part("sub"), `${done} of ${planned} counted, blind count`);
  drawNow(of);
  drawRows(of);
  const left = planned - done;
  const next = part("next");
  text(next.firstChild, left || !planned ? "Next product" : "Finish the count");
  part("empty").disabled = part("type").disabled = !now;
  part("less").disabled = part("more").disabled = !now || now.unit === "kg";
}

function drawNow(of) {
  const panel = part("scanned");
  panel.classList.toggle("is-blank", !now);
  text(part("name"), now ? now.name : "Scan the first product");
  text(part("code"), now ? `${now.gtin.replace(/^0/, "")}  ${now.slot}` : "or type its number");
  const amount = now ? shown(sumOf(now, of), now.unit) : "– –";
  text(part("total"), amount);
  part("total").classList.toggle("is-none", amount === "– –");
  part("total").classList.toggle("is-long", amount !== "– –" && amount.length > 3);
  text(part("hint"), now?.unit === "kg" ? "type its weight" : "each scan adds 1");
  drawAge();
}

function drawAge() {
  text(part("last"), lastAt ? `last ${ageText(Date.now() - lastAt)} ago` : "");
}

// What was counted last stands first; codes that nobody knows are among them; then what is still to count.
function drawRows(of) {
  const newest = new Map();
  for (const line of [...lines.values()].sort((a, b) => b.at_ms - a.at_ms)) {
    const name = line.gtin ? keyOf(line.gtin, line.place) : `? ${line.code}`;
    if (!newest.has(name)) newest.set(name, line);
  }
  const rows = [];
  for (const [name, line] of newest) {
    if (!line.gtin) rows.push({ id: name, unknown: line.code });
    else rows.push({ id: name, item: items.find((one) => keyOf(one.gtin, one.place) === name) || { gtin: line.gtin, place: line.place, name: nameOf(line.gtin) || line.gtin, slot: "", unit: "piece", extra: true } });
  }
  for (const item of items) if (!newest.has(keyOf(item.gtin, item.place))) rows.push({ id: keyOf(item.gtin, item.place), item });
  const list = part("scans");
  const there = new Map([...list.children].map((element) => [element.dataset.id, element]));
  const drawn = rows.map((row) => drawRow(there.get(row.id) || made(row), row, of));
  if (drawn.some((element, at) => list.children[at] !== element) || list.children.length !== drawn.length) list.replaceChildren(...drawn);
}

function made(row) {
  const element = document.createElement("li");
  element.dataset.id = row.id;
  element.innerHTML = '<button class="scans__key clip" type="button"><b class="strong"></b><span class="hand__sub clip"></span></button><span class="scans__n"></span>';
  if (row.unknown !== undefined) {
    element.classList.add("is-unknown");
    element.querySelector(".hand__sub").classList.add("code");
    const key = document.createElement("button");
    key.type = "button";
    key.className = "button";
    key.textContent = said.lead ? "Name it" : "For a lead";
    key.disabled = !said.lead;
    key.dataset.code = row.unknown;
    element.lastElementChild.replaceWith(key);
  }
  return element;
}

function drawRow(element, row, of) {
  const [name, sub] = element.querySelectorAll("b, .hand__sub");
  if (row.unknown !== undefined) {
    text(name, "Code not known");
    text(sub, row.unknown);
    return element;
  }
  const amount = sumOf(row.item, of);
  text(name, row.item.name);
  text(sub, row.item.slot);
  const number = element.querySelector(".scans__n");
  text(number, amount === null ? "–" : shown(amount, row.item.unit));
  number.classList.toggle("is-none", amount === null);
  element.classList.toggle("is-on", now !== null && row.id === keyOf(now.gtin, now.place));
  return element;
}

// Keys

function next() {
  const of = sums();
  const at = items.indexOf(now);
  const left = [...items.slice(at + 1), ...items.slice(0, at + 1)].filter((item) => sumOf(item, of) === null && !item.extra);
  if (left.length) { now = left.find((item) => item !== now) || left[0]; draw(); }
  else finish();
}

async function finish() {
  if (waiting().waiting) { tell("What was counted is sent first. Try again when nothing waits any more."); send(); return; }
  try {
    const token = document.querySelector('meta[name="csrf"]').content;
    const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": token };
    const answer = await fetch(`/count/${said.sheet}/finish`, { method: "POST", credentials: "same-origin", headers, body: "{}", ...patient(ACT_MS) });
    const reply = await answer.json().catch(() => ({}));
    if (reply.accepted) location.assign("/count");
    else tell(reply.reason || reply.error || `The box answered ${answer.status}.`);
  } catch {
    tell("The box does not answer. The count is kept here: finish it when the box is reached.");
  }
}

function tell(words) {
  const line = document.createElement("p");
  line.className = "told__line";
  line.setAttribute("role", "alert");
  line.textContent = words;
  root.querySelector("[data-said]").replaceChildren(line);
}

function type() {
  const dialog = part("typing");
  const form = dialog.querySelector("form");
  form.reset();
  part("typing-fault").hidden = true;
  part("typing-code").hidden = Boolean(now);
  text(part("typing-unit"), now?.unit === "kg" ? "Kilograms" : "Pieces");
  text(part("typing-title"), now ? now.name : "How many are there?");
  dialog.showModal();
  form.elements[now ? "quantity" : "code"].focus();
}

part("typing").querySelector("form").addEventListener("submit", async (event) => {
  if (event.submitter?.value === "cancel") return;
  event.preventDefault();
  const form = event.target;
  const amount = Number(form.elements.quantity.value.trim().replace(",", "."));
  const whole = now?.unit === "kg" || Number.isInteger(amount);
  const fault = part("typing-fault");
  if (!now) {
    const found = lookUp(form.elements.code.value);
    if (!found.gtin) { text(fault, "Nobody knows this code. Scan it, so that it is kept."); fault.hidden = false; return; }
    now = itemOf(found.gtin, found.name, found.unit);
  }
  if (form.elements.quantity.value.trim() === "" || !(amount >= 0) || amount > 100000 || !whole) {
    text(fault, whole ? "Give a number, 0 or more." : "Pieces are whole numbers.");
    fault.hidden = false;
    return;
  }
  part("typing").close();
  await set(Math.round(amount * 1000) / 1000);
  beep(true);
});

part("naming").querySelector("form").addEventListener("submit", async (event) => {
  if (event.submitter?.value === "cancel") return;
  event.preventDefault();
  const wanted = event.target.elements.product.value.trim();
  const code = part("naming-code").textContent;
  const [gtin] = knownProducts().find(([number, [name]]) => name === wanted || number === wanted.padStart(14, "0")) || [""];
  const fault = part("naming-fault");
  if (!gtin) { text(fault, "Choose one of the products."); fault.hidden = false; return; }
  await add("/code", { code, gtin }, { told: `code ${code}` });
  for (const line of lines.values()) if (line.code === code && !line.gtin) line.gtin = gtin;
  await things.put(shelf, [...lines.values()]).catch(() => {});
  itemOf(gtin, nameOf(gtin), "piece");
  part("naming").close();
  draw();
});

root.addEventListener("click", (event) => {
  const key = event.target.closest("button");
  if (!key) return;
  if (key.matches("[data-more]")) step(1);
  else if (key.matches("[data-less]")) step(-1);
  else if (key.matches("[data-next]")) next();
  else if (key.matches("[data-empty]")) set(0);
  else if (key.matches("[data-type]")) type();
  else if (key.dataset.code) name(key.dataset.code);
  else if (key.matches(".scans__key")) choose(key.closest("li").dataset.id);
});

function choose(id) {
  const item = items.find((one) => keyOf(one.gtin, one.place) === id);
  if (item) { now = item; draw(); }
}

function name(code) {
  text(part("naming-code"), code);
  part("naming-fault").hidden = true;
  part("naming").querySelector("form").reset();
  part("naming").querySelector("datalist").replaceChildren(...knownProducts().slice(0, 2000).map(([, [word]]) => Object.assign(document.createElement("option"), { value: word })));
  part("naming").showModal();
}

// Scans one after the other, however fast they come.
let turn = Promise.resolve();
wedge((code) => { turn = turn.then(() => scanned(code)).catch((error) => tell(`This scan was not kept: ${error?.message || error}. Scan it again.`)); });
setInterval(drawAge, 1000);

await Promise.all([begin(), loadProducts()]).catch(() => {});
for (const line of (await things.get(shelf).catch(() => null)) || []) if (!lines.has(line.key)) lines.set(line.key, line);
for (const change of pending()) {
  if (change.address !== address || lines.has(change.key)) continue;
  const { values } = change;
  const found = values.gtin ? values.gtin : lookUp(values.code || "").gtin;
  lines.set(change.key, { key: change.key, at_ms: values.at_utc_s * 1000, gtin: found, code: values.code || "", place: values.place, lot: values.lotKey || "", mode: values.mode, quantity: values.quantity });
}
for (const line of lines.values()) if (line.gtin) itemOf(line.gtin, nameOf(line.gtin) || line.gtin, "piece");
const newest = [...lines.values()].filter((line) => line.gtin).sort((a, b) => a.at_ms - b.at_ms).at(-1);
now = (newest && items.find((item) => item.gtin === newest.gtin && item.place === newest.place)) || items[0] || null;
root.dataset.ready = "yes";
draw();
