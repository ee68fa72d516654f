// Opens the sign-in pad over the page, where a link to /sign-in was tapped or an order asked for a sign-in.

export function signIn(dialog) {
  const form = dialog.querySelector("form");
  const open = () => {
    if (dialog.open) return;
    form.elements.next.value = location.pathname + location.search;
    dialog.showModal();
    form.elements.who.focus();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="/sign-in"]');
    if (!link) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("ew:sign-in", open);
  form.querySelector('[data-pin="close"]')?.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => form.reset());
}
