// What the numbers of a status look like: volumes, devices, queues, memory, warnings.
const SHAPES = { running: "●", opening: "◔", silent: "◐", lost: "▲", closed: "○" };

export function showClasses(list, classes) {
  fill(list, classes, "<i></i><span></span><b></b>", (item, { name, color, ml }) => {
    const [chip, label, amount] = item.children;
    chip.style.setProperty("--chip", color);
    text(label, name);
    label.title = name;
    text(amount, ml === null ? "–" : ml.toFixed(ml < 100 ? 2 : 1));
  });
}

export function showDevices(list, devices) {
  list.closest("section").hidden = !devices.length; // A recording has none.
  fill(list, devices, '<i aria-hidden="true"></i><span></span><em></em><p></p>', (item, device) => {
    const [shape, name, word, why] = item.children;
    item.dataset.word = device.word;
    text(shape, SHAPES[device.word] ?? "◇");
    text(name, device.name);
    name.title = device.name;
    text(word, device.word);
    const left = Object.entries(device.errors).map(([reason, count]) => `${reason}: ${count}`);
    const lost = device.losses ? [`lost ${device.losses} ×`] : [];
    text(why, [device.why, ...lost, ...left].filter(Boolean).join(" · "));
    why.hidden = !why.textContent;
  });
}

export function showQueues(list, queues) {
  fill(list, queues, "<span></span><b></b><meter></meter>", (item, { name, held, capacity, policy, dropped }) => {
    const [label, count, bar] = item.children;
    text(label, name);
    text(count, `${held} / ${capacity}${dropped ? `, ${dropped} dropped` : ""}`);
    item.title = `when full: ${policy}`;
    measure(bar, held, capacity, `${name}: ${held} of ${capacity}, when full: ${policy}`);
  });
}

export function showMemory(list, rss, limit) {
  fill(list, [{ rss, limit }], "<span></span><b></b><meter></meter>", (item) => {
    const [label, count, bar] = item.children;
    text(label, "resident");
    text(count, limit === null ? `${rss.toFixed(0)} MB` : `${rss.toFixed(0)} / ${limit.toFixed(0)} MB`);
    bar.hidden = limit === null; // before the start nobody knows it
    if (limit !== null) measure(bar, rss, limit, `${rss.toFixed(0)} of ${limit.toFixed(0)} MB`);
  });
}

export function showWarnings(card, list, warnings) {
  card.hidden = !warnings.length;
  fill(list, warnings, '<button type="button" aria-expanded="false"><span></span></button>', (item, warning) => {
    const button = item.firstElementChild;
    text(button.firstElementChild, warning);
    button.onclick = () => button.setAttribute("aria-expanded", String(button.ariaExpanded !== "true"));
  });
}

export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// Only what changed is written, so that a screen reader is not told the same again.
export function text(element, content) {
  if (element.textContent !== content) element.textContent = content;
}

function measure(bar, value, most, label) {
  Object.assign(bar, { min: 0, max: most || 1, low: 0.75 * most, high: most, optimum: 0, value });
  bar.setAttribute("aria-label", label);
}

function fill(list, entries, inside, write) {
  while (list.children.length > entries.length) list.lastElementChild.remove();
  while (list.children.length < entries.length) {
    const item = document.createElement("li");
    item.innerHTML = inside;
    list.append(item);
  }
  entries.forEach((entry, at) => write(list.children[at], entry));
}
