// The keyboard on the screen: its keys write into the text field of the same form.

export function keyboard(keys) {
  const field = keys.closest("form")?.querySelector("input:not([type=hidden])");
  if (!field) return;
  keys.hidden = false;
  keys.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (!key) return;
    if (key === "clear") field.value = "";
    else if (key === "erase") field.value = field.value.slice(0, -1);
    else if (field.maxLength < 0 || field.value.length < field.maxLength) field.value += key;
    field.focus();
  });
}
