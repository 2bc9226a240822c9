// The probe's path inside the volume's box, seen from the front, right and above.
const FACES = [[0, 1], [1, 3], [3, 2], [2, 0], [4, 5], [5, 7], [7, 6], [6, 4], [0, 4], [1, 5], [2, 6], [3, 7]];
const YAW = -0.6, PITCH = 0.45;

export class PathView {
  #content = null;

  constructor(canvas, empty) {
    Object.assign(this, { canvas, empty, context: canvas.getContext("2d") });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  show(content) {
    this.#content = content;
    const count = content.points.length;
    this.empty.hidden = true;
    const size = content.size_mm.map((length) => length.toFixed(0)).join(" × ");
    this.canvas.setAttribute("aria-label", `Path of the probe, ${count} points, in a volume of ${size} mm`);
    this.draw();
  }

  clear() {
    this.#content = null;
    this.empty.hidden = false;
    this.canvas.setAttribute("aria-label", "Path of the probe: nothing inserted yet");
    this.draw();
  }

  draw() {
    const { canvas, context } = this;
    const ratio = devicePixelRatio || 1;
    Object.assign(canvas, { width: canvas.clientWidth * ratio, height: canvas.clientHeight * ratio });
    if (!this.#content) return;
    context.scale(ratio, ratio);
    const { size_mm: size, points } = this.#content;
    const corners = [...Array(8).keys()].map((bits) => size.map((length, axis) => (bits >> axis) & 1 && length));
    const put = fitted([...corners, ...points], size, canvas.clientWidth, canvas.clientHeight);
    context.lineCap = context.lineJoin = "round";
    stroke(context, FACES.map(([from, to]) => [put(corners[from]), put(corners[to])]), "#35475a", 1);
    const line = points.map(put);
    if (line.length < 1) return;
    stroke(context, [line], "#0a0e13", 7);
    stroke(context, [line], "#4fc3d9", 3);
    dot(context, line.at(-1));
    context.fillStyle = "#98a9ba";
    context.font = "16px system-ui, sans-serif";
    context.textAlign = "right";
    context.fillText(`${size.map((length) => length.toFixed(0)).join(" × ")} mm`, canvas.clientWidth - 10, canvas.clientHeight - 10);
  }
}

// Parallel projection: turned about the vertical axis y, then tilted; y points down, as in the frames.
function fitted(points, size, width, height) {
  const turned = ([x, y, z]) => {
    const [px, py, pz] = [x - size[0] / 2, y - size[1] / 2, z - size[2] / 2];
    const depth = -px * Math.sin(YAW) + pz * Math.cos(YAW);
    return [px * Math.cos(YAW) + pz * Math.sin(YAW), py * Math.cos(PITCH) - depth * Math.sin(PITCH)];
  };
  const flat = points.map(turned);
  const range = [0, 1].map((axis) => flat.map((point) => point[axis])).map((all) => [Math.min(...all), Math.max(...all)]);
  const scale = Math.min((width - 32) / (range[0][1] - range[0][0]), (height - 56) / (range[1][1] - range[1][0]));
  const middle = range.map(([low, high]) => (low + high) / 2);
  return (point) => {
    const [x, y] = turned(point);
    return [width / 2 + (x - middle[0]) * scale, (height - 20) / 2 + (y - middle[1]) * scale];
  };
}

function stroke(context, lines, color, width) {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.beginPath();
  for (const [first, ...rest] of lines) {
    context.moveTo(...first);
    for (const point of rest) context.lineTo(...point);
  }
  context.stroke();
}

function dot(context, [x, y]) {
  context.fillStyle = "#dbe5ee";
  context.beginPath();
  context.arc(x, y, 6, 0, 2 * Math.PI);
  context.fill();
}
