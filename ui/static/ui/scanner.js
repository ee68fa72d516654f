// A scanner types an id faster than a finger and ends with Enter: then data-to opens with ?id=. A key that stands
// alone is a person's: "ew:key" ({key}) on document, a moment later. What is typed into a field is left alone.

const LETTER_WITHIN_MS = 60;
const FEWEST_LETTERS = 3;

export function scanner(element) {
  let letters = "";
  let last = 0;
  let alone = 0;
  const typing = ({ target }) => target.closest?.("input:not([type=radio]), textarea, select, dialog");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || typing(event)) return;
    const now = performance.now();
    if (now - last > LETTER_WITHIN_MS) letters = "";
    last = now;
    clearTimeout(alone);
    if (event.key === "Enter" && letters.length >= FEWEST_LETTERS) {
      event.preventDefault();
      location.assign(`${element.dataset.to}?id=${encodeURIComponent(letters)}`);
      return;
    }
    if (event.key.length === 1) letters += event.key;
    if (letters.length > 1) return;
    const { key } = event;
    alone = setTimeout(() => document.dispatchEvent(new CustomEvent("ew:key", { detail: { key } })), LETTER_WITHIN_MS);
  });
}
