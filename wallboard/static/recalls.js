// Callers who are to be called back: who, by when, and what came of it.

import { count, duration, houseClock, put, text } from "./format.js";
import { Rows, make } from "./rows.js";

const EVERY_MS = 5000;
const LIMIT_MS = 6000;
const clock = houseClock();

/** button(key, deed, options) makes a button that does a deed; queueTitle(name), now() as on the page. */
export class RecallList {
  constructor({ button, queueTitle, now }) {
    this.tools = { button, queueTitle, now };
    this.rows = new Rows("recalls", (contact) => this.row(contact));
    this.total = document.getElementById("recalls-count");
  }

  row(contact) {
    const { button, queueTitle, now } = this.tools;
    const row = make("div", "row recall");
    const who = make("div", "who");
    const [number, queue, left, due] = [make("bdi", "name"), make("bdi", "small"), make("span", "small"), make("span", "mark")];
    who.append(number, queue, left, due);
    const deeds = make("div", "deeds");
    const settle = (how, options) => button(`recall_${how}`, { deed: "dismiss_recall", contact, how }, options);
    deeds.append(settle("done"), settle("unreached", { sure: true }), settle("dismissed", { sure: true }));
    row.append(who, deeds);
    let recall;
    return {
      element: row,
      show(next) {
        recall = next;
        put(number, recall.number || text(recall.numbersKnown ? "no_number" : "acts_away"));
        put(queue, queueTitle(recall.queue));
        put(left, text("left_at", { at: clock.format(recall.left_ms) }));
        this.tick();
      },
      tick() {
        const rest = recall.deadline_ms - now();
        const by = clock.format(recall.deadline_ms);
        put(due, rest < 0 ? text("recall_late", { by, late: duration(-rest) }) : text("recall_by", { by, left: duration(rest) }));
        due.classList.toggle("closed", rest < 0);
      },
    };
  }

  /** Ask once; what is shown stays while nobody answers. */
  async refresh() {
    try {
      const response = await fetch("/api/recalls", { signal: AbortSignal.timeout(LIMIT_MS), cache: "no-store" });
      if (!response.ok) return;
      const { open, overdue, numbers_known: numbersKnown, recalls } = await response.json();
      put(this.total, overdue ? text("recalls_late", { open: count(open), overdue: count(overdue) }) : count(open));
      this.rows.show(recalls.map((recall) => [recall.contact, { ...recall, numbersKnown }]), text("no_recalls"));
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
