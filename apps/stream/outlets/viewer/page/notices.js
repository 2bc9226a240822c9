// What must not be missed: a strip for what stops the sweep, one for where it was saved, and a note for an answer.
import { text } from "./panels.js";

const SHOWN_MS = 6000;

export class Notices {
  #timer = 0;

  constructor(alarm, saved, toast) {
    Object.assign(this, { strips: { alarm, saved }, toast });
  }

  // "" takes the strip away.
  strip(name, content) {
    text(this.strips[name], content);
    this.strips[name].hidden = !content;
  }

  note(content, { wrong = false } = {}) {
    clearTimeout(this.#timer);
    this.toast.textContent = content;
    this.toast.classList.toggle("wrong", wrong);
    this.toast.hidden = !content;
    this.#timer = setTimeout(() => (this.toast.hidden = true), SHOWN_MS);
  }
}

export function alarmOf(status) {
  if (status.phase === "failed") return `Stream failed: ${status.problem || "no reason was given"}`;
  if (status.problem) return `Not saved: ${status.problem}`;
  const device = status.devices.find(({ word }) => word === "lost");
  if (!device) return "";
  const held = status.phase === "running" ? ". Insertion paused" : "";
  return `Sensor lost: ${device.name}${device.why ? `, ${device.why}` : ""}${held}`;
}
