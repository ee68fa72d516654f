// A scan finds the product; what a person did with it is kept here until the box has it.

import { beep } from "./beeps.js";
import { newKey } from "./kept.js";
import { add, begin, boxNowMs } from "./sending.js";
import { wedge } from "./wedge.js";

const root = document.querySelector("[data-look]");
const form = root.querySelector("[data-move]");

wedge((code) => {
  beep(true);
  location.assign(`/look?q=${encodeURIComponent(code)}`);
});

function say(text, done) {
  const line = document.createElement("p");
  line.className = `told__line told__line--${done ? "done" : "refused"}`;
  line.setAttribute("role", "status");
  line.textContent = text;
  document.querySelector("[data-said]").replaceChildren(line);
}

root.addEventListener("click", ({ target }) => {
  const key = target.closest("[data-step]");
  if (!key) return;
  const field = form.elements.quantity;
  field.value = String(Math.max(0, (Number(field.value.replace(",", ".")) || 0) + Number(key.dataset.step)));
});

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const thousandths = Math.round(Number(form.elements.quantity.value.replace(",", ".")) * 1000);
  if (!(thousandths > 0)) { say("How many? A number above 0.", false); return; }
  const [kind, from, to] = form.elements.act.value.split("/");
  const key = newKey();
  const line = { line: 1, gtin: form.elements.gtin.value, thousandths, from, to };
  const document_ = { source: "hand-held", ref: key, kind, at_utc_s: boxNowMs() / 1000, lines: [line] };
  const words = form.elements.act.selectedOptions[0].textContent;
  try {
    await add("/hand/documents", { documents: [document_] }, { key, told: `${form.dataset.name}: ${words}` });
  } catch {
    form.submit(); // a browser that keeps nothing sends it as a form
    return;
  }
  beep(true);
  say(`${form.elements.quantity.value}: ${words}. Kept, and sent to the box.`, true);
  form.elements.quantity.value = "1";
});
begin().then(() => { root.dataset.ready = "yes"; }, () => {});
