// Callers who asked to be called instead of waiting: since when, how often tried, until when.

import { count, duration, houseClock, put, text } from "./format.js";
import { Rows, make } from "./rows.js";

const EVERY_MS = 5000;
const LIMIT_MS = 6000;
const clock = houseClock();

/** talking; waiting: a line stands in the queue; pause: until the next try, also of a line that rests (flow). */
function stateOf({ line, stage }) {
  if (stage === "connected") return "talking";
  return line && stage !== "flow" ? "waiting" : "pause";
}

/** button(key, deed, options) makes a button that does a deed; queueTitle(name), now() as on the page. */
export class CallbackList {
  constructor({ button, queueTitle, now }) {
    this.tools = { button, queueTitle, now };
    this.rows = new Rows("callbacks", (contact) => this.row(contact));
    this.total = document.getElementById("callbacks-count");
  }

  row(contact) {
    const { button, queueTitle, now } = this.tools;
    const row = make("div", "row callback");
    const who = make("div", "who");
    const [time, number, queue] = [make("span", "time"), make("bdi", "name"), make("bdi", "small")];
    const [state, tried, expires] = [make("span", "small"), make("span", "small"), make("span", "small")];
    who.append(time, number, queue, state, tried, expires);
    const deeds = make("div", "deeds");
    deeds.append(button("callback_cancel", { deed: "cancel_callback", contact }, { sure: true }));
    row.append(who, deeds);
    let callback;
    return {
      element: row,
      show(next) {
        callback = next;
        put(number, callback.number || text("no_number"));
        put(queue, queueTitle(callback.queue));
        tried.hidden = !callback.tried;
        put(tried, callback.tried ? text("callback_tried", { times: count(callback.tried) }) : "");
        put(expires, text("callback_until", { at: clock.format(callback.expires_ms) }));
        this.tick();
      },
      tick() {
        put(time, duration(now() - callback.place_since_ms));
        const rest = callback.next_ms - now();
        const paused = stateOf(callback) === "pause" && rest > 0;
        put(state, paused ? text("callback_next", { left: duration(rest) }) : text(`callback.${stateOf(callback)}`));
      },
    };
  }

  /** Ask once; what is shown stays while nobody answers. */
  async refresh() {
    try {
      const response = await fetch("/api/callbacks", { signal: AbortSignal.timeout(LIMIT_MS), cache: "no-store" });
      if (!response.ok) return;
      const { callbacks } = await response.json();
      put(this.total, count(callbacks.length));
      this.rows.show(callbacks.map((callback) => [callback.contact, callback]), text("no_callbacks"));
    } catch {
      // The next time asks again; the link's sign tells when the house is silent.
    }
  }

  tick() {
    this.rows.tick();
  }

  /** Ask from now on, every few seconds. */
  follow() {
    this.refresh();
    setInterval(() => this.refresh(), EVERY_MS);
  }
}
