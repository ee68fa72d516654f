// How long something has lasted, "m:ss"; it grows by itself. data-since-utc-s, where given, is counted from.

import { toMinutes, toSeconds } from "./parts.js";

export function age(element) {
  const started = performance.now() - 1000 * toSeconds(element.textContent || "0:00");
  setInterval(() => {
    const since = Number(element.dataset.sinceUtcS);
    const seconds = since ? Date.now() / 1000 - since : (performance.now() - started) / 1000;
    element.textContent = toMinutes(Math.max(0, seconds));
  }, 1000);
}
