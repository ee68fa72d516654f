// The key that prints; browsers print without it too.

const key = document.querySelector("[data-print]");
key.hidden = false;
key.addEventListener("click", () => print());
