// The audio check: each tone is played, then a person says whether it was heard; what was heard is sent to the ward's desk.

import { post } from "/static/ui/post.js";
import { nameScreen, screenName } from "./audio.js";
import { burstLong, Speaker } from "./sounds.js";
import { setHidden, setText } from "./patch.js";

const form = document.querySelector("[data-audio-check]");
const name = form.querySelector("[data-screen]");
const said = form.querySelector("[data-said]");
const done = form.querySelector("[data-done]");
const send = form.querySelector("[data-send]");
const heard = new Map(); // tone -> whether a person heard it
let speaker = null;

name.value = screenName() || name.value;

const rows = [...form.querySelectorAll("[data-tone]")];
for (const row of rows) {
  const tone = row.dataset.tone;
  row.querySelector("[data-play]").addEventListener("click", async () => {
    speaker = speaker || new Speaker();
    if (!(await speaker.start())) { setText(said, "This browser gives no sound: check its speaker and its settings."); return; }
    setText(said, "");
    speaker.burst(tone);
    row.classList.add("is-playing");
    setTimeout(() => row.classList.remove("is-playing"), 1000 * burstLong(tone));
    for (const key of row.querySelectorAll("[data-heard]")) key.removeAttribute("disabled");
  });
  row.addEventListener("click", ({ target }) => {
    const key = target.closest("[data-heard]");
    if (!key) return;
    heard.set(tone, key.dataset.heard === "yes");
    for (const one of row.querySelectorAll("[data-heard]")) one.setAttribute("aria-pressed", String(one === key));
    send.toggleAttribute("disabled", heard.size < rows.length);
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const screen = name.value.trim();
  if (!screen) { setText(said, "Say what this screen is called."); name.focus(); return; }
  send.toggleAttribute("disabled", true);
  const tones = [...heard].filter(([, was]) => was).map(([tone]) => tone);
  const answer = await post("/audio-check", { screen, tones });
  const told = await answer.json().catch(() => ({ reason: `The box answered ${answer.status}` }));
  send.toggleAttribute("disabled", false);
  if (told.accepted) nameScreen(screen);
  setHidden(done, !told.accepted);
  setText(said, told.accepted ? "" : told.reason || told.error || "Refused");
});
