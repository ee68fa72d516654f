// The teach page without leaving it: files go up in bearable portions, and the page looks again while something goes on by
// itself.

import { fieldsOf, send, within } from "/static/ui/within.js";

const MOST_BYTES_AT_ONCE = 20 * 2 ** 20;
const LOOK_AGAIN_MS = 1000;
const AFTER_PART_MS = 400;
const BESIDE = ["steps", "goods", "foot"];
// As often as a person's touch counts, and no longer than this: a kiosk is not left open for whoever comes by.
const STAYS_EVERY_MS = 10000;
const STAYS_AT_MOST_MS = 600000;
const root = document.querySelector('[data-part~="teach"]');
const stand = () => root.querySelector('[data-swap="all"]').dataset;
let lookAt = 0;
let learningSince = 0;
let stayedAt = 0;

// Files go up when they are chosen: what a form sends else has none.
function withoutFiles(form, key) {
  const values = fieldsOf(form, key);
  for (const [name, value] of [...values]) if (value instanceof File) values.delete(name);
  return new URLSearchParams(values);
}

function withFiles(form, files) {
  const values = fieldsOf(form);
  values.delete("pictures");
  values.delete("folder");
  for (const file of files) values.append("pictures", file, file.webkitRelativePath || file.name);
  return values;
}

// The key that plain forms need for files is not shown.
function bind() {
  for (const key of root.querySelectorAll("[data-plain]")) key.hidden = true;
}

const { act, at, look, open, tell } = within(root, {
  say: (line) => (root.querySelector('[data-swap="main"]') || root).prepend(line),
  drawn: bind,
  body: withoutFiles,
});

// Portions of at most so many bytes, one after the other; the first refusal ends it and is shown.
async function upload(input) {
  const wanted = [...input.files].filter((file) => /\.(png|jpe?g|bmp)$/i.test(file.name));
  const form = input.form;
  if (!form.reportValidity()) { input.value = ""; return; }
  if (!wanted.length) { tell("None of these files is a PNG, JPEG or BMP picture."); return; }
  const hint = input.closest("label").querySelector(".button__hint");
  await act(async () => {
    let answer;
    for (let sent = 0; sent < wanted.length;) {
      const portion = [];
      for (let bytes = 0; sent < wanted.length && (!portion.length || bytes + wanted[sent].size <= MOST_BYTES_AT_ONCE); sent += 1) {
        bytes += wanted[sent].size;
        portion.push(wanted[sent]);
      }
      hint.textContent = `${sent} of ${wanted.length}`;
      answer = await send(form, withFiles(form, portion));
      if (!answer.ok) break;
    }
    return answer;
  });
}

document.addEventListener("change", (event) => {
  const input = event.target;
  if (input.classList.contains("teach__file") && input.files.length) upload(input);
  if (input.classList.contains("slider")) {
    const to = new URL(at(), location.href);
    to.searchParams.set("step", "limit");
    to.searchParams.set("rate", input.dataset.rates.split(" ")[Number(input.value)]);
    open(to);
  }
});

// Who waits for a lesson of their own is not signed out meanwhile.
function stay() {
  const now = performance.now();
  if (stand().mine === undefined) { learningSince = 0; return; }
  learningSince = learningSince || now;
  if (now - learningSince > STAYS_AT_MOST_MS || now - stayedAt < STAYS_EVERY_MS) return;
  stayedAt = now;
  document.dispatchEvent(new Event("ew:stay"));
}

// While a job runs the page looks again, and when the line tells of its recipes; what a person types is left alone.
setInterval(() => {
  stay();
  if (stand().state === "learning") { lookAt = 0; look(); return; }
  if (lookAt && performance.now() > lookAt) {
    lookAt = 0;
    look(() => (stand().state === "loading" ? null : BESIDE));
  }
}, LOOK_AGAIN_MS);

document.addEventListener("ew:event", ({ detail }) => {
  if (detail.station !== root.dataset.line) return;
  const { state, taking } = stand();
  if (taking !== undefined && detail.kind === "part" && !lookAt) lookAt = performance.now() + AFTER_PART_MS;
  const over = detail.kind === "recipe-chosen" || detail.kind === "recipe-refused";
  const waits = state === "loading" || root.hasAttribute("aria-busy");
  if (over && waits) lookAt = performance.now();
});
bind();
