// The connection to the server: follows the board, tells the server's time, notices silence, reconnects.

const SILENCE_MS = 3000; // no word for so long: what is shown is stale
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;
const OPEN_LIMIT_MS = 5000;
const ASK_LIMIT_MS = 3000;
const SIGNED_OFF = 4401; // close code of ours: the sign-in has ended

export class Link {
  /** onBoard(board, sections): the board as it is now, and which of its sections have changed. */
  constructor(path, onBoard) {
    this.url = new URL(path, location.href);
    this.url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.onBoard = onBoard;
    this.board = null;
    this.signedOff = false;
    this.sourceLive = false; // does the server itself have live data?
    this.heardAt = null; // our clock, when the server was last heard
    this.freshAt = null; // our clock, when data was last known to be current
    this.offsetMs = 0; // the server's clock minus ours
    this.pauseMs = FIRST_PAUSE_MS;
    addEventListener("online", () => this.retryNow());
    this.open();
  }

  /** The server's time now, in ms since 1970. */
  now() {
    return performance.now() + this.offsetMs;
  }

  /** "connecting", "live", "server" (link lost), "source" (the server has no live data) or "signed-off". */
  state() {
    if (this.signedOff) return "signed-off";
    const here = performance.now();
    if (this.freshAt === null) return this.heardAt !== null && here - this.heardAt < SILENCE_MS ? "source" : "connecting";
    if (here - this.freshAt < SILENCE_MS) return "live";
    return here - this.heardAt < SILENCE_MS ? "source" : "server";
  }

  /** How old the figures are, in ms. */
  age() {
    return this.freshAt === null ? 0 : performance.now() - this.freshAt;
  }

  open() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.heardHere = performance.now();
    const watch = setInterval(() => {
      const limit = socket.readyState === WebSocket.OPEN ? SILENCE_MS : OPEN_LIMIT_MS;
      if (performance.now() - this.heardHere > limit) socket.close();
    }, 500);
    let hasOpened = false;
    socket.onopen = () => { hasOpened = true; };
    socket.onmessage = (message) => this.hear(JSON.parse(message.data));
    socket.onclose = (event) => {
      clearInterval(watch);
      if (event.code === SIGNED_OFF) this.signedOff = true;
      if (this.signedOff) return;
      this.retryLater();
      if (!hasOpened) this.askIfSignedOff();
    };
  }

  /** Of a link that never opened nobody is told why: a refusal (401) looks like a server that is away. */
  async askIfSignedOff() {
    try {
      const response = await fetch("/api/picture", { cache: "no-store", signal: AbortSignal.timeout(ASK_LIMIT_MS) });
      if (response.status !== 401) return;
      this.signedOff = true;
      clearTimeout(this.timer);
    } catch {
      // The server is away: the next try comes anyway.
    }
  }

  retryLater() {
    // Some chance in the pause, so that many screens do not come back in the same instant.
    this.timer = setTimeout(() => this.open(), this.pauseMs * (0.75 + Math.random() / 2));
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  retryNow() {
    if (this.socket.readyState !== WebSocket.CLOSED || this.signedOff) return;
    clearTimeout(this.timer);
    this.open();
  }

  hear(message) {
    if (this.board === null && message.change) {
      this.socket.close(); // changes of what was never heard: the next link begins with the whole board
      return;
    }
    const here = performance.now();
    this.heardAt = this.heardHere = here;
    this.pauseMs = FIRST_PAUSE_MS;
    if (message.now_ms !== undefined) this.offsetMs = message.now_ms - here;
    if (message.age_ms !== undefined && message.age_ms !== null) this.freshAt = here - message.age_ms;
    const sections = message.full ? this.replace(message.full) : this.change(message.change);
    if (this.board !== null && sections.size > 0) this.onBoard(this.board, sections);
  }

  replace(board) {
    this.board = board;
    return new Set(Object.keys(board));
  }

  change(change = {}) {
    for (const [section, entries] of Object.entries(change)) {
      for (const [key, value] of Object.entries(entries)) {
        if (value === null) delete this.board[section][key];
        else this.board[section][key] = value;
      }
    }
    return new Set(Object.keys(change));
  }
}
