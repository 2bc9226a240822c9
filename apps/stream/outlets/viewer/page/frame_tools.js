// Tools on the live frame before the start: two points and their distance, or a rectangle to keep.
const HINTS = {
  calibrate: ["Tap the first of two points whose distance you know", "Tap the second point", "Enter their distance"],
  crop: ["Drag a rectangle around the ultrasound"],
};
const SMALLEST_PX = 8;

export class FrameTools extends EventTarget {
  #tool = "";
  #points = [];

  constructor(picture, stage, parts) {
    super();
    Object.assign(this, { picture, stage, ...parts });
    for (const tool of ["calibrate", "crop"]) {
      this[tool].addEventListener("click", () => this.choose(this.#tool === tool ? "" : tool));
    }
    for (const type of ["pointerdown", "pointermove", "pointerup"]) {
      picture.canvas.addEventListener(type, (event) => this.#pointer(type, event));
    }
    this.form.addEventListener("submit", (event) => this.#submit(event));
    picture.decorate = (context) => this.#draw(context);
  }

  set possible(possible) {
    for (const tool of ["calibrate", "crop"]) this[tool].disabled = !(possible && this.picture.header);
    if (!possible && this.#tool) this.choose("");
  }

  choose(tool) {
    this.#tool = tool;
    this.#points = [];
    for (const name of ["calibrate", "crop"]) this[name].setAttribute("aria-pressed", String(name === tool));
    this.stage.toggleAttribute("data-tool", Boolean(tool));
    this.#hint();
  }

  #hint() {
    const hints = HINTS[this.#tool];
    this.hint.hidden = !hints;
    if (hints) this.hint.textContent = hints[Math.min(this.#points.length, hints.length - 1)];
    const asks = this.#tool === "calibrate" && this.#points.length === 2;
    if (asks && this.form.hidden) {
      this.form.hidden = false;
      this.distance.focus();
    } else if (!asks) this.form.hidden = true;
    this.picture.draw();
  }

  #pointer(type, event) {
    if (!this.#tool || !this.picture.header) return;
    const pixel = this.picture.pixelAt(event.offsetX, event.offsetY);
    if (this.#tool === "crop") this.#drag(type, pixel, event);
    else if (type === "pointerdown" && this.#points.length < 2) {
      this.#points.push(pixel);
      this.#hint();
    }
  }

  #drag(type, pixel, event) {
    if (type === "pointerdown") {
      this.#points = [pixel, pixel];
      this.picture.canvas.setPointerCapture(event.pointerId);
    } else if (this.#points.length === 2) {
      this.#points[1] = pixel;
      this.picture.draw();
      if (type === "pointerup") this.#cropped();
    }
  }

  #cropped() {
    const [x, y] = [0, 1].map((axis) => this.#points.map((point) => Math.round(point[axis])).sort((a, b) => a - b));
    const size = [x[1] - x[0] + 1, y[1] - y[0] + 1];
    if (Math.min(...size) < SMALLEST_PX) return this.choose("crop");
    this.#ask({ type: "crop", origin: [x[0], y[0]], size });
  }

  #submit(event) {
    event.preventDefault();
    const [first, second] = this.#points;
    this.#ask({ type: "calibrate", first, second, distance_mm: Number(this.distance.value) });
  }

  #ask(request) {
    this.choose("");
    this.dispatchEvent(new CustomEvent("ask", { detail: request }));
  }

  #draw(context) {
    if (!this.#points.length) return;
    const points = this.#points.map((point) => this.picture.pointOf(point));
    context.strokeStyle = context.fillStyle = "#ffd23f";
    context.lineWidth = 2;
    if (this.#tool === "crop") {
      const [[x, y], [right, bottom]] = points;
      context.strokeRect(x, y, right - x, bottom - y);
      return;
    }
    context.beginPath();
    points.forEach((point, at) => (at ? context.lineTo(...point) : context.moveTo(...point)));
    context.stroke();
    for (const [x, y] of points) {
      context.beginPath();
      context.arc(x, y, 9, 0, 2 * Math.PI);
      context.moveTo(x - 14, y);
      context.lineTo(x + 14, y);
      context.moveTo(x, y - 14);
      context.lineTo(x, y + 14);
      context.stroke();
    }
  }
}
