// The last twelve results: places stay, content moves on; a labelled one has its corner marked.

import { copy, root, state } from "./fields.js";

const list = root.querySelector(".results");
const room = list.children.length;
const parts = [...Array(room - state.results.length).fill(null), ...state.results];

function made(part) {
  const item = copy("result", part.kind).firstElementChild;
  const button = item.querySelector("button");
  button.setAttribute("aria-label", `Part ${part.part}: ${part.word}`);
  button.lastChild.data = part.part;
  return item;
}

export function add(part) {
  parts.push(part);
  list.append(made(part));
  while (parts.length > room) { parts.shift(); list.firstElementChild.remove(); }
}

export const find = (id) => parts.findLast((part) => part && part.part === id) || null;
// Drawn anew: something was learnt of it that changes its kind.
export function redraw(part) {
  const at = parts.indexOf(part);
  if (at >= 0) list.children[at].replaceWith(made(part));
}

export const tapped = (button) => parts[[...list.children].indexOf(button.closest("li"))];

export function mark(shown) {
  [...list.children].forEach((item, i) => {
    const button = item.querySelector("button");
    button.classList.toggle("results__item--now", Boolean(shown) && parts[i] === shown);
    if (parts[i]?.label) button.dataset.labelKept = parts[i].label;
    else delete button.dataset.labelKept;
  });
}
