// Replaces the pieces of a page, named by data-swap, with those of the same page as the box draws it now. Without names every
// piece; what lies in another comes with it.

import { bindAll } from "./parts.js";

const wanted = (piece, names) => (names ? names.includes(piece.dataset.swap) : !piece.parentElement.closest("[data-swap]"));

export function swapWith(html, names = null) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  let lost = false;
  for (const piece of document.querySelectorAll("[data-swap]")) {
    if (!wanted(piece, names)) continue;
    const other = fresh.querySelector(`[data-swap="${piece.dataset.swap}"]`);
    if (!other) { lost = true; continue; }
    piece.replaceWith(other);
    bindAll(other);
  }
  return !lost;
}
