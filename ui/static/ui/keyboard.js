// The keys on the screen write into the text field of the same form that was touched last; at first into the one marked
// autofocus, or the first that can be seen.

const FIELDS = "input:not([type=hidden], [type=radio], [type=checkbox], [type=file])";

export function keyboard(keys) {
  const form = keys.closest("form");
  if (!form?.querySelector(FIELDS)) return;
  keys.hidden = false;
  const seen = () => [...form.querySelectorAll(FIELDS)].filter((it) => it.checkVisibility());
  let touched = null;
  form.addEventListener("focusin", ({ target }) => { if (target.matches(FIELDS)) touched = target; });

  keys.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    const field = touched?.checkVisibility() ? touched : seen().find((it) => it.autofocus) || seen()[0];
    if (!key || !field) return;
    if (key === "clear") field.value = "";
    else if (key === "erase") field.value = field.value.slice(0, -1);
    else if (field.maxLength < 0 || field.value.length < field.maxLength) field.value += key;
    field.focus();
  });
}
