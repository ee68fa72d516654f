// What is left until something ends, "m:ss", down to 0:00; then "ew:over" tells the page.

import { toMinutes, toSeconds } from "./parts.js";

export function countdown(element) {
  const ends = performance.now() + 1000 * toSeconds(element.textContent);
  const timer = setInterval(() => {
    const seconds = Math.max(0, (ends - performance.now()) / 1000);
    element.textContent = toMinutes(Math.ceil(seconds));
    if (seconds > 0) return;
    clearInterval(timer);
    element.dispatchEvent(new CustomEvent("ew:over", { bubbles: true }));
  }, 250);
}
