// A canvas as sharp as its screen: the picture fitted into it, and outlines drawn at the screen's own resolution.
const FILL = 0.35, EDGE = 2, LONG_RING = 12;

export class PictureCanvas {
  #bitmap = null;
  #classes = new Map();
  header = null;
  overlay = true;
  decorate = () => {};

  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  set classes(classes) {
    this.#classes = new Map(classes.map(({ label, color }) => [label, color]));
  }

  async show(header, jpeg) {
    const bitmap = await createImageBitmap(jpeg);
    this.#bitmap?.close();
    [this.#bitmap, this.header] = [bitmap, header];
    this.draw();
  }

  clear() {
    this.#bitmap?.close();
    this.#bitmap = this.header = null;
    this.draw();
  }

  // Where the picture lies on the canvas, in CSS pixels; a pixel of a plane need not be square.
  get place() {
    const { width, height, column_mm = 1, row_mm = 1 } = this.header;
    const box = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    const scale = Math.min(box.width / (width * column_mm), box.height / (height * row_mm));
    const [across, down] = [scale * column_mm, scale * row_mm];
    return { left: (box.width - width * across) / 2, top: (box.height - height * down) / 2, across, down };
  }

  // From CSS pixels of the canvas to pixels of the picture, kept inside it.
  pixelAt(x, y) {
    const { left, top, across, down } = this.place;
    const inside = (value, count) => Math.min(Math.max(value, 0), count - 1);
    const { width, height } = this.header;
    return [inside((x - left) / across - 0.5, width), inside((y - top) / down - 0.5, height)];
  }

  pointOf([x, y]) {
    const { left, top, across, down } = this.place;
    return [left + (x + 0.5) * across, top + (y + 0.5) * down];
  }

  draw() {
    const { canvas, context } = this;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = "#05080b";
    context.fillRect(0, 0, width, height);
    if (!this.#bitmap || !width || !height) return;
    const { left, top, across, down } = this.place;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.#bitmap, left, top, this.header.width * across, this.header.height * down);
    if (this.overlay) for (const outline of this.header.outlines) this.#drawOutline(outline);
    this.decorate(context, this);
  }

  #drawOutline({ label, rings }) {
    const path = new Path2D();
    for (const ring of rings) {
      addRounded(path, ring.flatMap((x, at) => (at % 2 ? [] : [this.pointOf([x, ring[at + 1]])])));
    }
    const { context } = this;
    context.fillStyle = context.strokeStyle = this.#classes.get(label) ?? "#ffffff";
    context.globalAlpha = FILL;
    context.fill(path, "evenodd");
    context.globalAlpha = 1;
    context.lineWidth = EDGE;
    context.lineJoin = "round";
    context.stroke(path);
  }
}

// Through the middles of the sides, with the corners as control points: steps of voxels become a line. Long rings are
// smoothed once more before; a small one would shrink by that.
function addRounded(path, points) {
  const middles = (ring) => ring.map(([x, y], at) => {
    const [nextX, nextY] = ring[(at + 1) % ring.length];
    return [(x + nextX) / 2, (y + nextY) / 2];
  });
  const corners = points.length > LONG_RING ? middles(points) : points;
  const ends = middles(corners);
  path.moveTo(...ends.at(-1));
  corners.forEach((corner, at) => path.quadraticCurveTo(...corner, ...ends[at]));
  path.closePath();
}
