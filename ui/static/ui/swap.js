// Replaces the pieces of a page, named by data-swap, with those of the same page as the box draws it now. Without names every
// piece; what lies in another comes with it. With `typed`, what people wrote into a form and have not sent stays there.

import { bindAll } from "./parts.js";

const wanted = (piece, names) => (names ? names.includes(piece.dataset.swap) : !piece.parentElement.closest("[data-swap]"));

export function swapWith(html, names = null, { typed = false } = {}) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  let lost = false;
  for (const piece of document.querySelectorAll("[data-swap]")) {
    if (!wanted(piece, names)) continue;
    const other = fresh.querySelector(`[data-swap="${piece.dataset.swap}"]`);
    if (!other) { lost = true; continue; }
    if (typed) carry(piece, other);
    piece.replaceWith(other);
    bindAll(other);
  }
  return !lost;
}

function carry(from, to) {
  const forms = [...to.querySelectorAll("form")];
  for (const field of from.querySelectorAll("form input:not([type=hidden], [type=checkbox], [type=radio])")) {
    if (field.value === field.defaultValue) continue;
    const form = forms.find((one) => one.getAttribute("action") === field.form.getAttribute("action"));
    const same = form?.elements.namedItem(field.name);
    if (same instanceof HTMLInputElement) same.value = field.value;
  }
}
