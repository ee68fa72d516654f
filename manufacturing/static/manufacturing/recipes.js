// The recipe pages without leaving them: what the line tells of its recipes is drawn as it comes. What a person types is left
// alone: only what stands over it is drawn.

import { within } from "/static/ui/within.js";

const DRAW_AFTER_MS = 150;
const root = document.querySelector('[data-part~="recipes"]');
const { line } = root.dataset;
let due = 0;

const { look } = within(root, {
  nothing: "Nothing was changed.",
  say: (said) => {
    const where = root.querySelector(".recipe-ask__what, .recipe-edit, .recipes__list, .recipe__past");
    if (where.matches(".recipe-edit")) where.firstElementChild.after(said);
    else where.prepend(said);
  },
});

function soon() {
  clearTimeout(due);
  due = setTimeout(() => look(() => (root.querySelector("[data-typing]") ? ["banner"] : null)), DRAW_AFTER_MS);
}

document.addEventListener("ew:event", ({ detail }) => {
  if (detail.station === line && detail.kind.startsWith("recipe-")) soon();
});

let told = ""; // nothing yet: a change between drawing the page and opening its stream is looked for once
document.addEventListener("ew:live", ({ detail: { station, data } }) => {
  if (station !== line || !data.recipes) return;
  const { asked, loading, judging } = data.recipes;
  const now = JSON.stringify([asked, loading, judging]);
  if (now !== told) soon();
  told = now;
});
