// Whether a finger is down: what it came down on stays where it is until its tap has arrived, a moment after it is up. Who
// draws a page anew asks before it fetches, and once more when the page is there.

const LINGERS_MS = 300;
let down = false;
let timer = 0;

export const fingerDown = () => down;

document.addEventListener("pointerdown", () => { clearTimeout(timer); down = true; }, true);
for (const act of ["pointerup", "pointercancel"]) {
  document.addEventListener(act, () => {
    clearTimeout(timer);
    timer = setTimeout(() => { down = false; }, LINGERS_MS);
  }, true);
}
