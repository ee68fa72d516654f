// The leaves of a line, its tags and its trust: worked without leaving them.

import { within } from "/static/ui/within.js";

export const root = document.querySelector('[data-part~="leaf"]');

// Whether somebody is in the middle of writing or choosing, which nothing may take away.
export const engaged = () => [...root.querySelectorAll("input:not([type=hidden])")].some(
  (input) => input === document.activeElement || (input.type === "radio" ? input.checked !== input.defaultChecked : input.value !== input.defaultValue),
) || Boolean(root.querySelector(".is-holding"));

export const { look } = within(root, {
  say: (line) => (root.querySelector(".leaf__main > .panel:last-child") || root).prepend(line),
});
