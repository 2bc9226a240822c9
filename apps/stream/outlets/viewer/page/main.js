// Joins the parts: what the stream says goes to the screen, what the user does goes to the stream.
import { Actions } from "./actions.js";
import { PictureCanvas } from "./canvas.js";
import { Connection } from "./connection.js";
import { FrameTools } from "./frame_tools.js";
import { listen } from "./keys.js";
import { alarmOf, Notices } from "./notices.js";
import { clock, showClasses, showDevices, showMemory, showQueues, showWarnings, text } from "./panels.js";
import { PathView } from "./path_view.js";
import { Planes } from "./planes.js";

const PHASES = {
  ready: "Ready", running: "Running", paused: "Paused", finishing: "Finishing", finished: "Finished",
  saving: "Saving", unsaved: "Not saved", saved: "Saved", failed: "Failed",
};
const byId = (id) => document.getElementById(id);

// The token came in the address once; the cookie holds it from here on.
history.replaceState(null, "", location.pathname);

const connection = new Connection();
const notices = new Notices(byId("alarm"), byId("saved"), byId("toast"));
const frame = new PictureCanvas(byId("frame"));
const planes = new Planes(document.querySelectorAll(".plane[data-axis]"));
const path = new PathView(byId("path"), byId("path-empty"));
const actions = new Actions({ start: byId("start"), pause: byId("pause"), finish: byId("finish"), save: byId("save") });
const tools = new FrameTools(frame, byId("frame-stage"), {
  calibrate: byId("calibrate"), crop: byId("crop"), hint: byId("tool-hint"), form: byId("distance-form"), distance: byId("distance"),
});
const pictures = [frame, ...planes.all.map((plane) => plane.picture)];

function sendView() {
  connection.send({ type: "view", ...planes.wanted, overlay: frame.overlay });
}

function setOverlay(on) {
  byId("overlay").setAttribute("aria-pressed", String(on));
  for (const picture of pictures) {
    picture.overlay = on;
    picture.draw();
  }
  sendView();
}

function showNumbers({ frames_per_second, frames_inserted, frames_dropped, left_out, latency_ms, displayed_ms }) {
  const whole = (value) => (value === null ? "–" : value.toFixed(0));
  const left = Object.values(left_out).reduce((sum, count) => sum + count, frames_dropped);
  text(byId("rate"), frames_per_second.toFixed(1));
  text(byId("inserted"), String(frames_inserted));
  text(byId("left-out"), String(left));
  byId("left-out").title = [`dropped: ${frames_dropped}`, ...Object.entries(left_out).map(([why, count]) => `${why}: ${count}`)].join(", ");
  text(byId("latency"), whole(latency_ms));
  text(byId("displayed"), whole(displayed_ms));
}

connection.addEventListener("status", ({ detail: status }) => {
  if (status.phase === "ready" && ["saved", "failed"].includes(document.body.dataset.phase)) {
    planes.clear();
    path.clear();
    connection.restart();
  }
  document.body.dataset.phase = status.phase;
  document.title = `${PHASES[status.phase]} · ${status.title}`;
  text(byId("title"), status.title);
  text(byId("phase"), PHASES[status.phase]);
  text(byId("elapsed"), clock(status.elapsed_s));
  for (const picture of pictures) picture.classes = status.classes;
  actions.allowed = status.allowed;
  tools.possible = status.adjustable;
  showNumbers(status);
  showClasses(byId("classes"), status.classes);
  showDevices(byId("devices"), status.devices);
  showQueues(byId("queues"), status.queues);
  showMemory(byId("memory"), status.rss_mb, status.memory_limit_mb);
  showWarnings(byId("warnings-card"), byId("warnings"), status.warnings);
  notices.strip("alarm", alarmOf(status));
  notices.strip("saved", status.saved_in && `Saved in ${status.saved_in}`);
});

connection.addEventListener("picture", async ({ detail: { header, jpeg } }) => {
  if (header.kind === "frame") {
    await frame.show(header, jpeg);
    byId("frame-empty").hidden = true;
    text(byId("frame-reason"), header.reason ? `Not inserted: ${header.reason}` : "");
    byId("frame-reason").hidden = !header.reason;
    frame.canvas.setAttribute("aria-label", `Live ultrasound frame ${header.index}${header.reason ? `, not inserted: ${header.reason}` : ""}`);
  } else await planes.show(header, jpeg);
  requestAnimationFrame(() => connection.send({ type: "drawn", kind: header.kind, moment: header.moment }));
});

connection.addEventListener("path", ({ detail }) => path.show(detail));
connection.addEventListener("answer", ({ detail }) => notices.note(detail.text, { wrong: !detail.ok }));
connection.addEventListener("open", sendView);
connection.addEventListener("lost", ({ detail: { why, seconds } }) => {
  document.body.dataset.phase = "none";
  text(byId("phase"), "No connection");
  actions.allowed = [];
  tools.possible = false;
  notices.strip("alarm", why || `Connection to the app lost. Trying again in ${seconds} s; the sweep itself goes on`);
});

actions.addEventListener("command", ({ detail }) => connection.send({ type: "command", name: detail }));
actions.addEventListener("sure", () => notices.note("Finish ends the sweep for good. Tap again to confirm", { wrong: true }));
actions.addEventListener("unsure", () => notices.note(""));
tools.addEventListener("ask", ({ detail }) => connection.send(detail));
planes.addEventListener("change", () => {
  const following = Object.values(planes.wanted).every((asked) => asked === null);
  byId("follow").setAttribute("aria-pressed", String(following));
  sendView();
});
byId("overlay").addEventListener("click", () => setOverlay(!frame.overlay));
byId("follow").addEventListener("click", () => planes.follow(byId("follow").getAttribute("aria-pressed") !== "true"));
byId("help-button").addEventListener("click", () => byId("help").showModal());

listen({
  " ": () => actions.go(),
  f: () => actions.finish(),
  s: () => actions.save(),
  n: () => actions.again(),
  l: () => setOverlay(!frame.overlay),
  p: () => byId("follow").click(),
  x: () => planes.focus("x"),
  y: () => planes.focus("y"),
  z: () => planes.focus("z"),
  "?": () => byId("help").showModal(),
  Escape: () => tools.choose(""),
});
connection.start();
