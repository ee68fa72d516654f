// A delivery: each scan is one that came, is on the hand-held's disk before it is shown, and reaches the box when it can.
// What came is never less than nothing: what was scanned too often is put right by a count, or the delivery is given up.

import { ACT_MS, patient } from "/static/ui/patience.js";
import { beep } from "./beeps.js";
import { loadProducts, lookUp, nameOf, unitOf } from "./codes.js";
import { ageText } from "./hand.js";
import { newKey, things } from "./kept.js";
import { add, begin, boxNowMs, pending, send, state as waiting } from "./sending.js";
import { wedge } from "./wedge.js";

const root = document.querySelector("[data-receive]");
const said = JSON.parse(root.dataset.state);
const address = `/receive/${said.receiving}/lines`;
const shelf = `delivery ${said.receiving}`;
const part = (name) => root.querySelector(`[data-${name}]`);
const text = (element, value) => { if (element.textContent !== value) element.textContent = value; };
const lines = new Map(said.lines.map((line) => [line.key, line]));
const items = new Map(said.items.map((item) => [item.gtin, item]));
let now = null;
let lastAt = 0;

function sums() {
  const found = new Map();
  for (const line of lines.values()) {
    const one = found.get(line.gtin || `? ${line.code}`) || { came: 0, damaged: 0 };
    one.came = Math.round(1000 * (one.came + line.quantity)) / 1000;
    one.damaged = Math.round(1000 * (one.damaged + (line.damaged || 0))) / 1000;
    found.set(line.gtin || `? ${line.code}`, one);
  }
  return found;
}

async function put(values, found) {
  const key = newKey();
  const at_ms = boxNowMs();
  await add(address, { ...values, key, at_utc_s: at_ms / 1000 }, { key, lines: true, told: found.name || found.code });
  lines.set(key, { key, at_ms, gtin: found.gtin, code: values.code || "", quantity: values.quantity, damaged: values.damaged || 0 });
  lastAt = Date.now();
  await things.put(shelf, [...lines.values()]).catch(() => {});
}

const itemOf = (found) => {
  if (!items.has(found.gtin)) items.set(found.gtin, { gtin: found.gtin, name: found.name, unit: found.unit, expected: 0, extra: true });
  return items.get(found.gtin);
};

async function scanned(code) {
  const found = lookUp(code);
  if (!found.gtin) {
    await put({ code: found.code, quantity: 1 }, found);
    beep(false);
    draw();
    return;
  }
  now = itemOf(found);
  if (now.unit === "kg" && !found.whole) { draw(); type(); return; }
  await put({ ...(found.whole ? { code: found.code } : { gtin: found.gtin }), quantity: 1 }, found);
  beep(true);
  draw();
}

function draw() {
  const of = sums();
  const planned = [...items.values()].filter((item) => item.expected > 0);
  const complete = planned.filter((item) => (of.get(item.gtin)?.came || 0) >= item.expected).length;
  part("progress").value = complete;
  text(part("progress"), `${complete} of ${planned.length}`);
  text(part("sub"), planned.length ? `${complete} of ${planned.length} complete` : "without an order");
  part("scanned").classList.toggle("is-blank", !now);
  if (now) drawNow(of.get(now.gtin) || { came: 0, damaged: 0 });
  drawRows(of);
}

function drawNow({ came, damaged }) {
  text(part("name"), now.name);
  text(part("code"), now.gtin.replace(/^0/, ""));
  const amount = `${came}${now.unit === "kg" ? " kg" : ""}`;
  text(part("total"), amount);
  part("total").className = amount.length > 3 ? "is-long" : "";
  text(part("expected"), `${now.expected ? `of ${now.expected} ordered` : said.order ? "not ordered" : "each scan adds 1"}${damaged ? `, ${damaged} damaged` : ""}`);
  part("more").disabled = now.unit === "kg";
  drawAge();
}

function drawAge() {
  text(part("last"), lastAt ? `last ${ageText(Date.now() - lastAt)} ago` : "");
}

function drawRows(of) {
  const rows = [...items.values()].map((item) => ({ id: item.gtin, name: item.name, sub: item.gtin.replace(/^0/, ""), sum: of.get(item.gtin) || { came: 0 }, item }));
  for (const [id, sum] of of) if (id.startsWith("? ")) rows.unshift({ id, name: "Code not known", sub: id.slice(2), sum, unknown: true });
  const list = part("scans");
  list.replaceChildren(...rows.map((row) => {
    const element = document.createElement("li");
    element.innerHTML = '<span class="clip"><b class="strong"></b><span class="hand__sub code"></span></span><span class="scans__n"></span>';
    element.classList.toggle("is-unknown", Boolean(row.unknown));
    element.classList.toggle("is-on", now?.gtin === row.id);
    text(element.querySelector("b"), row.name);
    text(element.querySelector(".hand__sub"), row.sub);
    const number = element.querySelector(".scans__n");
    text(number, String(row.sum.came));
    number.classList.toggle("is-none", !row.sum.came);
    if (row.item?.expected) {
      const of_ = document.createElement("span");
      of_.className = "expected";
      of_.textContent = ` of ${row.item.expected}`;
      number.append(of_);
    }
    return element;
  }));
}

function type() {
  const dialog = part("typing");
  const form = dialog.querySelector("form");
  form.reset();
  part("typing-fault").hidden = true;
  if (now) form.elements.code.value = now.gtin.replace(/^0/, "");
  text(part("typing-unit"), now?.unit === "kg" ? "Kilograms" : "Pieces");
  dialog.showModal();
  form.elements[now ? "quantity" : "code"].focus();
}

function faultOf(found, amount, damaged, unit) {
  if (!found.code) return "Give the code of what came.";
  if (!(amount > 0) || amount > 100000) return "Give how many came.";
  if (unit !== "kg" && !(Number.isInteger(amount) && Number.isInteger(damaged))) return "Pieces are whole numbers.";
  if (!(damaged >= 0 && damaged <= amount)) return "No more can be damaged than came.";
  return "";
}

part("typing").querySelector("form").addEventListener("submit", async (event) => {
  if (event.submitter?.value === "cancel") return;
  event.preventDefault();
  const { code, quantity, damaged, lot, expiry } = event.target.elements;
  const found = lookUp(code.value);
  const number = (field) => Number(field.value.trim().replace(",", "."));
  const wrong = faultOf(found, number(quantity), number(damaged), found.unit);
  text(part("typing-fault"), wrong);
  part("typing-fault").hidden = !wrong;
  if (wrong) return;
  const more = { ...(lot.value.trim() ? { lot: lot.value.trim() } : {}), ...(expiry.value ? { expiry: expiry.value } : {}) };
  part("typing").close();
  if (found.gtin) now = itemOf(found);
  await put({ code: found.code, quantity: number(quantity), damaged: number(damaged), ...more }, found);
  beep(Boolean(found.gtin));
  draw();
});

async function over(how) {
  if (how === "finish" && waiting().waiting) { tell("What was scanned is sent first. Try again when nothing waits any more."); send(); return; }
  try {
    const token = document.querySelector('meta[name="csrf"]').content;
    const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": token };
    const answer = await fetch(`/receive/${said.receiving}/${how}`, { method: "POST", credentials: "same-origin", headers, body: "{}", ...patient(ACT_MS) });
    const reply = await answer.json().catch(() => ({}));
    if (reply.accepted) location.reload();
    else tell(reply.reason || reply.error || `The box answered ${answer.status}.`);
  } catch {
    tell("The box does not answer. What was scanned is kept here: book it when the box is reached.");
  }
}

function tell(words) {
  const line = document.createElement("p");
  line.className = "told__line";
  line.setAttribute("role", "alert");
  line.textContent = words;
  root.querySelector("[data-said]").replaceChildren(line);
}

root.addEventListener("click", (event) => {
  const key = event.target.closest("button");
  if (key?.matches("[data-more]") && now) put({ gtin: now.gtin, quantity: 1 }, now).then(draw);
  else if (key?.matches("[data-type]")) type();
  else if (key?.matches("[data-finish]")) over("finish");
  else if (key?.matches("[data-cancel]")) over("cancel");
});

let turn = Promise.resolve();
wedge((code) => { turn = turn.then(() => scanned(code)).catch((error) => tell(`This scan was not kept: ${error?.message || error}. Scan it again.`)); });
setInterval(drawAge, 1000);

await Promise.all([begin(), loadProducts()]).catch(() => {});
for (const line of (await things.get(shelf).catch(() => null)) || []) if (!lines.has(line.key)) lines.set(line.key, line);
for (const change of pending()) {
  const { values } = change;
  if (change.address !== address || lines.has(change.key)) continue;
  lines.set(change.key, { key: change.key, at_ms: values.at_utc_s * 1000, gtin: values.gtin || lookUp(values.code || "").gtin, code: values.code || "", quantity: values.quantity, damaged: values.damaged || 0 });
}
for (const { gtin } of lines.values()) if (gtin) itemOf({ gtin, name: nameOf(gtin) || gtin, unit: unitOf(gtin) });
root.dataset.ready = "yes";
draw();
