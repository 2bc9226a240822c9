// The keyboard: as the help says.
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (document.querySelector("dialog[open]") || event.target.matches("input")) {
      if (event.key === "Escape") actions.Escape();
      if (!event.target.matches("input[type=range]") || event.key.length > 1) return;
    }
    if (event.key === " " && event.target.matches("button")) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
