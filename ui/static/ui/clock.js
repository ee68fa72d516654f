// The site's time of day. Starts from the text that was served and follows the box's clock, never the screen's.

import { toSeconds, two } from "./parts.js";

const DAY_S = 86400;

export function clock(element) {
  let shownS = toSeconds(element.textContent);
  let boxS = null; // the box's UTC at the moment of shownS
  let at = performance.now();
  const now = () => shownS + (performance.now() - at) / 1000;
  const draw = () => {
    const s = ((Math.floor(now()) % DAY_S) + DAY_S) % DAY_S;
    const text = [s / 3600, (s / 60) % 60, s % 60].map((value) => two(Math.floor(value))).join(":");
    if (element.textContent !== text) element.textContent = text;
  };
  document.addEventListener("ew:beat", ({ detail }) => {
    if (typeof detail.at !== "number") return;
    if (boxS !== null) {
      shownS += detail.at - boxS;
    } else {
      shownS = now();
    }
    boxS = detail.at;
    at = performance.now();
  });
  setInterval(draw, 250);
}
