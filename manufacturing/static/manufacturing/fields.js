// The page's fields, by name; copies of what was served to be copied; the box's clock.

export const root = document.querySelector('[data-part~="run"]');
export const state = JSON.parse(root.dataset.state);
export const line = root.dataset.line;

export const one = (name) => root.querySelector(`[data-field="${name}"]`);

export function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export const set = (name, text) => put(one(name), text);
export const show = (name, shown) => one(name).toggleAttribute("hidden", !shown);

export const copy = (what, name) => root.querySelector(`template[data-${what}="${name}"]`).content.firstElementChild.cloneNode(true);

export function attributes(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, String(value));
}

let boxS = null;
let heardAt = 0;
document.addEventListener("ew:beat", ({ detail }) => { boxS = detail.at; heardAt = performance.now(); });

// UTC by the box, whatever this screen's own clock says.
export const boxNowS = () => (boxS === null ? Date.now() / 1000 : boxS + (performance.now() - heardAt) / 1000);
