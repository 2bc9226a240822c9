// Three planes through the growing volume: wheel, drag, keys and slider scroll them, else they follow the probe.
import { PictureCanvas } from "./canvas.js";

const COLORS = { x: "#ff9e9b", y: "#8fe0b8", z: "#8fd0ff" };
const AXES_OF = { x: ["y", "z"], y: ["x", "z"], z: ["x", "y"] }; // across and down
const PIXELS_PER_STEP = 6, WHEEL_STEP = 40;

export class Planes extends EventTarget {
  #planes = {};

  constructor(articles) {
    super();
    for (const article of articles) this.#planes[article.dataset.axis] = new Plane(article, this);
  }

  get all() {
    return Object.values(this.#planes);
  }

  get wanted() {
    return Object.fromEntries(this.all.map((plane) => [plane.axis, plane.asked]));
  }

  follow(on) {
    for (const plane of this.all) plane.asked = on ? null : plane.index;
    this.changed();
  }

  async show(header, jpeg) {
    await this.#planes[header.kind].show(header, jpeg);
    for (const plane of this.all) if (plane.axis !== header.kind) plane.picture.draw();
  }

  indexOf(axis) {
    return this.#planes[axis].index;
  }

  clear() {
    for (const plane of this.all) plane.clear();
    this.changed();
  }

  focus(axis) {
    this.#planes[axis].focus();
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}

class Plane {
  asked = null;
  index = 0;
  #count = 1;
  #wheel = 0;

  constructor(article, planes) {
    this.axis = article.dataset.axis;
    this.planes = planes;
    article.innerHTML = `<h2><b>${this.axis} plane</b><output></output></h2>
      <div class="stage"><canvas role="img" tabindex="0"></canvas><p class="empty">No volume yet</p></div>
      <input type="range" min="0" max="0" value="0" step="1" disabled aria-label="Position of the ${this.axis} plane">`;
    const [output, canvas, empty, slider] = ["output", "canvas", ".empty", "input"].map((what) => article.querySelector(what));
    Object.assign(this, { output, canvas, empty, slider });
    canvas.setAttribute("aria-label", `Plane across ${this.axis}: no volume yet`);
    this.picture = new PictureCanvas(canvas);
    this.picture.decorate = (context) => this.#crosshair(context);
    slider.addEventListener("input", () => this.#go(Number(slider.value)));
    this.#wheels();
    this.#drags();
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  focus() {
    this.canvas.focus();
    this.canvas.scrollIntoView({ block: "nearest", inline: "center" });
  }

  clear() {
    this.asked = null;
    this.picture.clear();
    this.empty.hidden = false;
    this.slider.disabled = true;
    this.output.textContent = "";
    this.canvas.setAttribute("aria-label", `Plane across ${this.axis}: no volume yet`);
  }

  async show(header, jpeg) {
    this.#count = header.count;
    if (this.asked === null) this.index = header.index;
    await this.picture.show(header, jpeg);
    this.empty.hidden = true;
    Object.assign(this.slider, { max: header.count - 1, disabled: false });
    this.#tell();
  }

  #tell() {
    const { step_mm: step } = this.picture.header;
    this.slider.value = this.index;
    const place = `${this.index + 1} of ${this.#count}, ${(this.index * step).toFixed(1)} mm`;
    this.output.textContent = `${(this.index * step).toFixed(1)} mm`;
    this.slider.setAttribute("aria-valuetext", place);
    this.canvas.setAttribute("aria-label", `Plane across ${this.axis}, ${place}`);
  }

  #go(index) {
    if (!this.picture.header) return;
    this.index = this.asked = Math.min(Math.max(Math.round(index), 0), this.#count - 1);
    this.#tell();
    for (const plane of this.planes.all) if (plane !== this) plane.picture.draw();
    this.planes.changed();
  }

  #wheels() {
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.#wheel += event.deltaMode ? event.deltaY * WHEEL_STEP : event.deltaY;
      const steps = Math.trunc(this.#wheel / WHEEL_STEP);
      this.#wheel -= steps * WHEEL_STEP;
      if (steps) this.#go(this.index + steps);
    }, { passive: false });
  }

  #drags() {
    let from = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      from = { y: event.clientY, index: this.index };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      const steps = Math.trunc((event.clientY - from.y) / PIXELS_PER_STEP);
      if (from.index + steps !== this.index) this.#go(from.index + steps);
    });
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => (from = null));
  }

  #key(event) {
    const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.#go(this.index + step * (event.shiftKey ? 10 : 1));
  }

  // Where the other two planes cut this one.
  #crosshair(context) {
    const [across, down] = AXES_OF[this.axis];
    const { width, height } = this.picture.header;
    const [x, y] = this.picture.pointOf([this.planes.indexOf(across), this.planes.indexOf(down)]);
    const [left, top] = this.picture.pointOf([-0.5, -0.5]);
    const [right, bottom] = this.picture.pointOf([width - 0.5, height - 0.5]);
    context.globalAlpha = 0.75;
    context.lineWidth = 1;
    context.setLineDash([6, 5]);
    for (const [axis, ...line] of [[across, x, top, x, bottom], [down, left, y, right, y]]) {
      context.strokeStyle = COLORS[axis];
      context.beginPath();
      context.moveTo(line[0], line[1]);
      context.lineTo(line[2], line[3]);
      context.stroke();
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }
}
