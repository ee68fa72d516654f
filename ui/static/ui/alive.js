// Proof that the screen lives. No beat for data-not-updating-after-s: a cover over everything, with its age. When beats
// come again it goes; after 30 s the page is loaded anew, but only once the box answers, so it returns by itself.

import { two } from "./parts.js";

const RELOAD_AFTER_S = 30;
const TRY_EVERY_S = 2;

export function alive(cover) {
  const time = cover.querySelector('[data-alive="time"]');
  const next = cover.querySelector('[data-alive="next"]');
  const afterS = Number(document.body.dataset.notUpdatingAfterS) || 5;
  let last = performance.now();
  let tried = 0;
  let refused = "";

  async function reload() {
    tried = performance.now();
    try {
      const answer = await fetch("/healthz/ready", { cache: "no-store" });
      if (answer.ok) location.reload();
    } catch {
      // still away: tried again in TRY_EVERY_S
    }
  }

  function show() {
    // An open dialog stands above everything else of a page, and what it would send goes nowhere now.
    for (const dialog of document.querySelectorAll("dialog:modal")) dialog.close();
    cover.hidden = false;
    cover.setAttribute("role", "alert");
  }

  function check() {
    const silentS = (performance.now() - last) / 1000;
    const frozen = silentS >= afterS;
    if (!frozen) return;
    if (cover.hidden) show();
    time.textContent = `${two(Math.floor(silentS / 60))}:${two(Math.floor(silentS) % 60)}`;
    const leftS = Math.ceil(RELOAD_AFTER_S - silentS);
    next.textContent = refused || (leftS > 0 ? `Screen restarts by itself in ${leftS} s.` : "Screen comes back when the box answers.");
    if (leftS <= 0 && !refused && performance.now() - tried > TRY_EVERY_S * 1000) reload();
  }

  document.addEventListener("ew:beat", ({ detail }) => {
    last = performance.now();
    refused = "";
    document.body.dataset.line = detail.stale ? "stale" : "live";
    if (!cover.hidden) { cover.hidden = true; cover.removeAttribute("role"); }
  });
  document.addEventListener("ew:stream", ({ detail }) => { if (detail.state === "refused") refused = detail.reason; });
  setInterval(check, 250);
}
