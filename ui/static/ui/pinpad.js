// The pad beside the fields of a sign-in form: digits go where the cursor was, first into the empty field.

export function pinpad(form) {
  const fault = form.querySelector('[data-pin="fault"]');
  const pad = form.querySelector('[data-pin="pad"]');
  const { who, pin } = form.elements;
  let field = who.value ? pin : who;
  for (const input of [who, pin]) input.addEventListener("focus", () => { field = input; });
  pad.hidden = false;

  pad.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (!key) return;
    if (key === "clear") field.value = "";
    else if (key === "erase") field.value = field.value.slice(0, -1);
    else if (field.value.length < field.maxLength) field.value += key;
    field.focus();
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = await send(form);
    if (said.signed_in) { location.assign(said.to); return; }
    fault.textContent = said.error;
    fault.hidden = false;
    pin.value = "";
    pin.focus();
  });
}

async function send(form) {
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" }, credentials: "same-origin",
    });
    const said = await answer.json();
    return { ...said, error: [said.error, said.hint].filter(Boolean).join(". ") || "Not signed in." };
  } catch {
    return { error: "The box does not answer. Try again when the screen is live." };
  }
}
