// The audio of this screen: on once its tones were heard and confirmed, watched while it is on. What cannot sound says so,
// here and to the box, which makes a technical alarm of it that other screens show too.

import { post } from "/static/ui/post.js";
import { Sounder, soundingOf, Speaker } from "./sounds.js";
import { audioShown } from "./told.js";

const SCREEN_KEY = "edgewise-screen";
const CHECK_MS = 100;
const SILENT_S = 2; // so long the audio's own clock may stand
const TELL_S = 4; // the box takes a screen that it has not heard for ten seconds for a silent one
const LINK_LOST = { priority: "high", louder: false, ids: ["central-link"] };
const NOTHING = { priority: "", louder: false, ids: [] };

export const screenName = () => localStorage.getItem(SCREEN_KEY) || "";
export const nameScreen = (name) => localStorage.setItem(SCREEN_KEY, name);

export class ScreenAudio {
  constructor(changed) {
    this.changed = changed; // called when this screen's audio comes or goes
    this.speaker = new Speaker();
    this.sounder = new Sounder(this.speaker);
    this.running = false;
    this.commissioned = false;
    this.link = false; // whether the link is lost
    this.silentUntil = 0;
    this.since = performance.now(); // it runs, or does not, since then
    this.told = ""; // what the box was told last
    this.tellAt = 0;
    this.clock = { at: 0, moved: performance.now() };
    for (const act of ["pointerdown", "keydown"]) document.addEventListener(act, () => this.start(), { passive: true });
    setInterval(() => this.watch(), CHECK_MS);
    this.start();
  }

  start() { if (!this.speaker.running) this.speaker.start().then(() => this.watch()); }

  // A context that says it runs while its own clock stands is heard by nobody.
  watch() {
    const now = performance.now();
    const { currentTime } = this.speaker.context;
    if (currentTime !== this.clock.at) this.clock = { at: currentTime, moved: now };
    const running = this.speaker.running && now - this.clock.moved < 1000 * SILENT_S;
    if (running !== this.running) { Object.assign(this, { running, since: now }); this.changed(); }
    this.report(now);
    if (this.commissioned) this.sounder.tick();
  }

  // At once when it has changed for good, and every few seconds, so that a screen that dies is missed.
  report(now) {
    const state = this.running ? "running" : "unavailable";
    if (!this.commissioned || now - this.since < 1000 * SILENT_S) return;
    if (now < this.tellAt && state === this.told) return;
    Object.assign(this, { told: state, tellAt: now + 1000 * TELL_S });
    post("/audio", { screen: screenName(), state, why: this.running ? "" : `its audio is ${this.speaker.context.state}` }, { beat: true });
  }

  // What the beds tell now; gives back what the screen says of its audio.
  heed(beds, ward, linkLost) {
    const shown = audioShown(beds, ward, this.running, screenName());
    this.commissioned = shown.word !== "AUDIO NOT COMMISSIONED";
    if (!linkLost) this.silentUntil = 0;
    this.link = linkLost;
    const silent = performance.now() < this.silentUntil;
    const wanted = linkLost ? (silent ? NOTHING : LINK_LOST) : soundingOf([...beds, ward]);
    this.sounder.wanted(this.commissioned ? wanted : NOTHING);
    return shown;
  }

  // While the link is lost no order reaches the box: this screen's own sound is paused here. Whether it was.
  silence(seconds) {
    if (!this.link) return false;
    this.silentUntil = performance.now() + 1000 * seconds;
    this.sounder.wanted(NOTHING);
    return true;
  }
}
