// The WebSocket to the stream: opened again with growing pauses, closed while nobody looks.
const SHORTEST_MS = 500, LONGEST_MS = 5000, SILENCE_MS = 6000;

export class Connection extends EventTarget {
  #socket = null;
  #pause = SHORTEST_MS;
  #timer = 0;
  #silence = 0;
  #refusal = "";

  start() {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#leave() : this.#open()));
    addEventListener("online", () => this.#open());
    this.#open();
  }

  // As if the page had just been opened: everything is sent anew.
  restart() {
    this.#leave();
    this.#open();
  }

  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #open() {
    clearTimeout(this.#timer);
    if (this.#socket || document.hidden) return;
    const socket = new WebSocket(new URL("live", location.href.replace(/^http/, "ws")));
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#refusal = "";
    this.#listen(socket);
    this.#expect();
  }

  #listen(socket) {
    socket.onopen = () => this.#tell("open");
    socket.onclose = () => this.#lost(socket);
    socket.onmessage = ({ data }) => {
      this.#expect();
      if (typeof data === "string") this.#text(JSON.parse(data));
      else this.#tell("picture", unpacked(data));
    };
  }

  #text(message) {
    if (message.type === "refused") this.#refusal = message.text;
    else this.#pause = SHORTEST_MS;
    this.#tell(message.type, message);
  }

  // A link that died without a word is noticed by its silence: numbers come four times a second.
  #expect() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket && this.#lost(this.#socket), SILENCE_MS);
  }

  #lost(socket) {
    if (socket !== this.#socket) return;
    this.#leave();
    this.#tell("lost", { why: this.#refusal, seconds: this.#pause / 1000 });
    this.#timer = setTimeout(() => this.#open(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_MS);
  }

  #leave() {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function unpacked(data) {
  const length = new DataView(data).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  return { header, jpeg: new Blob([new Uint8Array(data, 4 + length)], { type: "image/jpeg" }) };
}
