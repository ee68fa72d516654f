// What every page of the hand-held does: says how many changes wait and why, keeps the pages for a time without network.

import { begin, forget, send, watch } from "./sending.js";

const MINUTE_MS = 60_000;
const notice = document.querySelector("[data-waiting]");
const line = notice.querySelector("[data-line]");
const list = notice.querySelector("[data-refused]");
const signIn = notice.querySelector("[data-sign-in]");

export function ageText(ms) {
  const minutes = Math.floor(ms / MINUTE_MS);
  if (minutes < 1) return `${Math.max(0, Math.floor(ms / 1000))} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

function words({ waiting, oldestMs, trouble }) {
  const many = `${waiting} change${waiting === 1 ? "" : "s"}`;
  const oldest = waiting ? `, oldest ${ageText(Date.now() - oldestMs)}` : "";
  if (trouble === "sign-in") return `Sign in to send ${many}`;
  if (trouble === "role") return `You may not send this: ${many} waiting${oldest}`;
  if (trouble === "offline") return waiting ? `Offline. ${many} waiting${oldest}` : "Offline. Go on: everything is kept here";
  return waiting > 1 ? `Sending ${many}` : "";
}

watch((state) => {
  const text = words(state);
  if (line.textContent !== text) line.textContent = text;
  notice.hidden = !text && !state.refused.length;
  notice.classList.toggle("is-plain", !state.trouble);
  signIn.hidden = state.trouble !== "sign-in" && state.trouble !== "role";
  document.body.dataset.unsent = String(state.waiting);
  document.body.dataset.reached = state.trouble === "offline" ? "no" : "yes";
  draw(state.refused);
});

function draw(refused) {
  if (list.childElementCount === refused.length) return;
  list.replaceChildren(...refused.map((one) => {
    const item = document.createElement("li");
    const text = document.createElement("span");
    const key = document.createElement("button");
    text.textContent = `Refused${one.told ? `: ${one.told}` : ""}. ${one.why}`;
    key.type = "button";
    key.className = "button button--small";
    key.textContent = "Understood";
    key.addEventListener("click", () => forget(one.key));
    item.append(text, key);
    return item;
  }));
}

begin().catch((error) => {
  notice.hidden = false;
  line.textContent = `This browser keeps nothing (${error?.message || error}). Stay online while you work.`;
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });

// Pages and scripts for the time without network; a browser allows it over trusted TLS or at the box itself.
async function keepPages() {
  await navigator.serviceWorker.register("/hand-worker.js");
  const { active } = await navigator.serviceWorker.ready;
  const parts = performance.getEntriesByType("resource").map((one) => new URL(one.name)).filter((one) => one.origin === location.origin);
  const own = parts.map((one) => one.pathname).filter((path) => path.startsWith("/static/"));
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { document.body.dataset.kept = "yes"; };
  active.postMessage({ keep: [location.pathname, "/tasks", "/count", "/receive", "/look", "/hand/products", ...own] }, [port2]);
}
if (navigator.serviceWorker) keepPages().catch(() => {});
