// The list of tasks goes on without network: what a person did is kept here and gone from the list at once.

import { fingerDown } from "/static/ui/finger.js";
import { patient } from "/static/ui/patience.js";
import { swapWith } from "/static/ui/swap.js";
import { add, begin, pending } from "./sending.js";

const SOON_MS = 500;
const APART_MS = 3000;
const IDLE_MS = 60_000;
const root = document.querySelector("[data-tasks]");
let opened = root.querySelector(".task--open")?.id || "";
let kind = root.querySelector(".chip--strong")?.dataset.kind || "";
let timer = 0;
let due = Infinity;
let drawn = 0;

const tasks = () => [...root.querySelectorAll(".task")];
const gone = () => new Set(pending().map((one) => one.address.split("/")[2]));

function show() {
  const done = gone();
  const listed = tasks().filter((task) => {
    task.hidden = done.has(task.id) || (kind !== "" && task.dataset.kind !== kind);
    return !task.hidden;
  });
  if (!listed.some((task) => task.id === opened)) opened = listed[0]?.id || "";
  for (const task of tasks()) {
    task.classList.toggle("task--open", task.id === opened);
    if (task.id === opened) task.setAttribute("aria-current", "true");
    else task.removeAttribute("aria-current");
  }
  for (const chip of root.querySelectorAll(".chips .chip")) {
    const on = chip.dataset.kind === kind;
    chip.classList.toggle("chip--strong", on);
    if (on) chip.setAttribute("aria-current", "true");
    else chip.removeAttribute("aria-current");
  }
}

async function draw() {
  due = Infinity;
  if (fingerDown() || document.activeElement?.matches("input")) { later(SOON_MS); return; }
  drawn = performance.now();
  try {
    const answer = await fetch("/tasks", { headers: { Accept: "text/html" }, credentials: "same-origin", ...patient() });
    const text = answer.ok && !answer.redirected ? await answer.text() : "";
    if (fingerDown()) later(SOON_MS);
    else if (text) swapWith(text, ["list", "kinds"], { typed: true });
  } catch {
    // the list stays as it is; the page says that the box is not reached
  }
  show();
  later(IDLE_MS);
}

function later(ms) {
  const at = Math.max(performance.now() + ms, drawn + APART_MS);
  if (at >= due) return;
  due = at;
  clearTimeout(timer);
  timer = setTimeout(draw, at - performance.now());
}

root.addEventListener("click", (event) => {
  const chip = event.target.closest(".chips .chip");
  const to = event.target.closest(".task__to");
  const step = event.target.closest("[data-step]");
  if (chip) kind = chip.dataset.kind;
  else if (to) opened = to.closest(".task").id;
  else if (step) stepped(step);
  if (!chip && !to) return;
  event.preventDefault();
  show();
});

function stepped(key) {
  const field = key.parentElement.querySelector("input");
  field.value = String(Math.max(0, (Number(field.value.replace(",", ".")) || 0) + Number(key.dataset.step)));
}

root.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.action.includes("/task/")) return;
  event.preventDefault();
  const task = form.closest(".task");
  const quantity = form.elements.quantity?.value.trim().replace(",", ".") || "";
  const said = form.action.endsWith("/done") ? "done" : "not true";
  const told = `${task.querySelector(".task__to").textContent}, ${said}`;
  try {
    await add(new URL(form.action).pathname, quantity ? { quantity } : {}, { told });
  } catch {
    form.submit(); // a browser that keeps nothing sends it as a form
    return;
  }
  show();
});
document.addEventListener("store:sent", () => later(SOON_MS));
document.addEventListener("ew:event", () => later(SOON_MS));
document.addEventListener("ew:live", () => later(SOON_MS));
begin().then(show, show);
later(IDLE_MS);
