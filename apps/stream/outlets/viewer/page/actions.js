// The big buttons: enabled as the phase allows; finishing needs a second tap, for it cannot be undone.
const SURE_MS = 3000;

export class Actions extends EventTarget {
  #allowed = [];
  #sure = 0;

  constructor(buttons) {
    super();
    this.buttons = buttons;
    this.words = Object.fromEntries(Object.entries(buttons).map(([name, button]) => [name, button.querySelector("span")]));
    buttons.start.addEventListener("click", () => this.#ask(this.#allowed.includes("new") ? "new" : "start"));
    buttons.pause.addEventListener("click", () => this.#ask(this.#allowed.includes("resume") ? "resume" : "pause"));
    buttons.finish.addEventListener("click", () => this.finish());
    buttons.save.addEventListener("click", () => this.#ask("save"));
  }

  set allowed(allowed) {
    this.#allowed = allowed;
    const resumes = allowed.includes("resume");
    this.buttons.pause.classList.toggle("resume", resumes);
    this.words.pause.textContent = resumes ? "Resume" : "Pause";
    this.buttons.start.classList.toggle("again", allowed.includes("new"));
    this.words.start.textContent = allowed.includes("new") ? "New sweep" : "Start";
    this.buttons.start.disabled = !allowed.includes("start") && !allowed.includes("new");
    for (const name of ["finish", "save"]) this.buttons[name].disabled = !allowed.includes(name);
    this.buttons.pause.disabled = !resumes && !allowed.includes("pause");
    if (!allowed.includes("finish")) this.#unsure();
  }

  go() {
    const next = ["start", "pause", "resume"].find((name) => this.#allowed.includes(name));
    if (next) this.#ask(next);
  }

  save() {
    this.#ask("save");
  }

  again() {
    this.#ask("new");
  }

  finish() {
    if (!this.#allowed.includes("finish")) return;
    if (this.#sure) {
      this.#ask("finish");
      return;
    }
    this.#sure = setTimeout(() => this.#unsure(), SURE_MS);
    this.buttons.finish.classList.add("sure");
    this.words.finish.textContent = "Tap again";
    this.dispatchEvent(new Event("sure"));
  }

  #unsure() {
    if (!this.#sure) return;
    clearTimeout(this.#sure);
    this.#sure = 0;
    this.buttons.finish.classList.remove("sure");
    this.words.finish.textContent = "Finish";
    this.dispatchEvent(new Event("unsure"));
  }

  // Until the stream says what came of it, nothing else can be asked.
  #ask(name) {
    if (!this.#allowed.includes(name)) return;
    this.allowed = [];
    this.dispatchEvent(new CustomEvent("command", { detail: name }));
  }
}
