// Binds a part to its elements: every element with data-part="name" (several names may stand there), once.

export function bind(name, part, root = document) {
  for (const element of root.querySelectorAll(`[data-part~="${name}"]`)) part(element);
}

const bound = {};

// Remembers the parts of a page, and binds those of a piece of it that came later.
export function bindAll(root, parts = {}) {
  Object.assign(bound, parts);
  for (const [name, part] of Object.entries(bound)) {
    if (root.matches?.(`[data-part~="${name}"]`)) part(root);
    bind(name, part, root);
  }
}

export const two = (number) => String(number).padStart(2, "0");

// "4:07" or "04:07" as seconds, and back.
export const toSeconds = (text) => text.trim().split(":").reduce((sum, piece) => sum * 60 + Number(piece), 0);
export const toMinutes = (seconds) => `${Math.floor(seconds / 60)}:${two(Math.floor(seconds) % 60)}`;
