// Changes what is on the page in place, and only where something is different: focus and places survive.

export const field = (root, name) => root.querySelector(`[data-field="${name}"]`);

export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export function setHidden(element, hidden) {
  if (element) element.toggleAttribute("hidden", Boolean(hidden));
}

export function setAttribute(element, name, value) {
  if (element && element.getAttribute(name) !== value) element.setAttribute(name, value);
}

// The classes that begin with `prefix` become those of `names`.
export function setLooks(element, prefix, names) {
  const wanted = new Set(names.filter(Boolean).map((name) => prefix + name));
  for (const name of [...element.classList]) if (name.startsWith(prefix) && !wanted.has(name)) element.classList.remove(name);
  element.classList.add(...wanted);
}

// A priority shape; `ink` takes the colour of the text around it.
export function setShape(svg, kind, ink = true) {
  setHidden(svg, !kind);
  if (!kind) return;
  setAttribute(svg.firstElementChild, "href", `#shape-${kind}`);
  setLooks(svg, "shape--", [ink ? (kind === "latched" ? "latched" : "ink") : kind]);
}
