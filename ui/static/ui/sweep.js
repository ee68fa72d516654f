// The erase bar of a waveform strip: 25 mm/s at 96 dpi. Still where less motion is wanted.

const PX_PER_S = 94.5;

export function sweep(svg) {
  const bar = svg.querySelector(".wave__erase");
  if (!bar || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const width = svg.viewBox.baseVal.width;
  const start = Number(bar.getAttribute("x"));
  const began = performance.now();
  const step = (now) => {
    bar.setAttribute("x", String((start + ((now - began) / 1000) * PX_PER_S) % width));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
