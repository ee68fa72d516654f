// What stops a line is held for data-hold-ms, by finger, mouse or key; then "held" bubbles from the button.

export function hold(button) {
  const ms = Number(button.dataset.holdMs) || 1500;
  let timer = 0;
  const start = () => {
    if (button.disabled || timer) return;
    button.classList.add("is-holding");
    timer = setTimeout(() => {
      stop();
      button.dispatchEvent(new CustomEvent("held", { bubbles: true }));
    }, ms);
  };
  const stop = () => {
    clearTimeout(timer);
    timer = 0;
    button.classList.remove("is-holding");
  };
  button.addEventListener("pointerdown", start);
  for (const end of ["pointerup", "pointerleave", "pointercancel", "blur"]) button.addEventListener(end, stop);
  button.addEventListener("keydown", (event) => {
    if (event.key === " " || event.key === "Enter") { event.preventDefault(); start(); }
  });
  button.addEventListener("keyup", stop);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}
