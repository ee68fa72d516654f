// A scanner that types a code and Enter; a person may type one too. Times are those of the keyboard, so that a page that
// is busy loses nothing at five scans a second. What is typed into a field is the field's.
// What the hand-held's camera reads is heard in the same way.

import { camera } from "./camera.js";

const LETTER_WITHIN_MS = 1000;
const FEWEST = 4;
const SEPARATOR = "\u001d";

const typing = (target) => target.closest?.("input, textarea, select, dialog[open]");

export function wedge(heard) {
  let letters = "";
  let last = -Infinity;
  camera(heard);

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.metaKey || event.repeat || typing(event.target)) return;
    if (event.timeStamp - last > LETTER_WITHIN_MS) letters = "";
    last = event.timeStamp;
    if (event.key === "Enter" || event.key === "Tab") {
      const code = letters;
      letters = "";
      if (code.replaceAll(SEPARATOR, "").length < FEWEST) return;
      event.preventDefault();
      event.stopPropagation();
      heard(code);
    } else if (event.ctrlKey && event.key === "]") {
      letters += SEPARATOR; // how keyboards send the separator of GS1 codes
      event.preventDefault();
    } else if (event.key.length === 1 && !event.ctrlKey) {
      letters += event.key;
      if (letters.length > 1) event.preventDefault(); // a space or a slash would do something else
    }
  }, { capture: true });
}
