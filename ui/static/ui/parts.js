// Binds a part to its elements: every element with data-part="name" (several names may stand there), once.

export function bind(name, part, root = document) {
  for (const element of root.querySelectorAll(`[data-part~="${name}"]`)) part(element);
}

export const two = (number) => String(number).padStart(2, "0");

// "4:07" or "04:07" as seconds, and back.
export const toSeconds = (text) => text.trim().split(":").reduce((sum, piece) => sum * 60 + Number(piece), 0);
export const toMinutes = (seconds) => `${Math.floor(seconds / 60)}:${two(Math.floor(seconds) % 60)}`;
