// The hand-held's own camera as its scanner, where it has one and the browser allows it (over trusted TLS, or at the box
// itself). A picture goes to the box, its word comes back, then the next one: what counts is heard as if it was typed.

import { patient } from "/static/ui/patience.js";
import { beep } from "./beeps.js";
import { newKey } from "./kept.js";

const PAUSE_MS = 250;
const MOST_PX = 1280;
const QUALITY = 0.8;
const IDLE_MS = 60_000; // a camera that reads nothing for so long is switched off: it eats the battery
const AIM = "Hold one code into the middle";
const key = document.querySelector("[data-camera]");
const view = document.querySelector("[data-eye]");
const video = view.querySelector("video");
const line = view.querySelector("[data-eye-said]");
const hand = newKey();
let stream = null;
let readAt = 0;

function say(text) {
  if (line.textContent !== text) line.textContent = text;
}

function stop(why = "") {
  for (const track of stream?.getTracks() || []) track.stop();
  stream = null;
  video.srcObject = null;
  key.setAttribute("aria-pressed", "false");
  say(why);
  view.hidden = !why;
  video.hidden = true;
}

async function picture() {
  const scale = Math.min(1, MOST_PX / Math.max(video.videoWidth, video.videoHeight));
  const canvas = new OffscreenCanvas(Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale));
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
}

// The box's word about one picture: {found, unlisted}, or {error}.
async function ask() {
  const form = new FormData();
  form.append("hand", hand);
  form.append("picture", await picture(), "camera.jpg");
  const token = document.querySelector('meta[name="csrf"]').content;
  try {
    const headers = { Accept: "application/json", "X-CSRF-Token": token, "X-Beat": "1" };
    const answer = await fetch("/hand/camera", { method: "POST", credentials: "same-origin", headers, body: form, ...patient() });
    if (answer.status === 401) return { error: "Sign in to scan by camera." };
    const said = await answer.json().catch(() => ({}));
    return answer.ok ? said : { error: said.error || `The box answered ${answer.status}.` };
  } catch {
    return { error: "The box is not reached: it reads no codes now. Type the number." };
  }
}

async function look(heard) {
  const mine = stream;
  while (stream === mine && mine) {
    if (video.videoWidth && !document.hidden) {
      const { found = [], unlisted = [], error = "" } = await ask();
      if (stream !== mine) return;
      for (const { code } of found) heard(code);
      if (found.length || unlisted.length) readAt = performance.now();
      if (found.length) say(AIM);
      else if (error) say(error);
      else say(unlisted.length ? `Not in the list: ${unlisted[0].replace(/^0+/, "")}` : AIM);
    }
    if (performance.now() - readAt > IDLE_MS) { stop("The camera is off: it read nothing for a minute."); return; }
    await new Promise((next) => setTimeout(next, PAUSE_MS));
  }
}

async function start(heard) {
  key.setAttribute("aria-pressed", "true");
  try {
    const wanted = { facingMode: "environment", width: { ideal: MOST_PX }, height: { ideal: 720 } };
    stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  } catch (error) {
    stop(error?.name === "NotAllowedError" ? "This browser may not use the camera. Allow it in the browser's settings." : "No camera answers here.");
    beep(false);
    return;
  }
  video.srcObject = stream;
  video.hidden = view.hidden = false;
  readAt = performance.now();
  say(AIM);
  await video.play().catch(() => {});
  look(heard);
}

export function camera(heard) {
  key.hidden = !navigator.mediaDevices?.getUserMedia;
  key.addEventListener("click", () => { if (key.getAttribute("aria-pressed") === "true") stop(); else start(heard); });
  addEventListener("pagehide", () => stop());
}
