// What a person orders: each goes to the box, which answers; the answer is shown, and the box keeps who it was.

import { post } from "/static/ui/post.js";
import { line, one, root, show } from "./fields.js";

const TOAST_MS = 4000;
let toastTimer = 0;

export function toast(text) {
  one("toast").firstElementChild.textContent = text;
  show("toast", true);
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => show("toast", false), TOAST_MS);
}

// Whether the line has accepted it. `done` is what the person then reads.
export async function order(name, args, done, key = null) {
  if (key?.getAttribute("aria-busy") === "true") return false;
  key?.setAttribute("aria-busy", "true");
  try {
    const answer = await post(`/line/${line}/order/${name}`, args);
    const said = await answer.json().catch(() => ({ reason: `The box answered ${answer.status}` }));
    toast(said.accepted ? done : said.reason || said.error || "Refused");
    return Boolean(said.accepted);
  } finally {
    key?.removeAttribute("aria-busy");
  }
}

const DONE = { stop: "Job stopped", start: "Job started", reset: "Fault reset", "end-bypass": "Bypass ended" };

export const tell = (key) => order(key.dataset.order, {}, DONE[key.dataset.order], key);

for (const dialog of root.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => {
    const reason = event.target.closest("[data-reason]");
    if (reason) order("bypass", { reason: reason.dataset.reason }, "Bypass begun. Parts go on hold.", reason);
    if (reason || event.target.closest("[data-close]")) dialog.close();
  });
}
