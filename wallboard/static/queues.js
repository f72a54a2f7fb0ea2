// The calls that wait: all together in large figures, then one row per queue.

import { count, duration, ours, percent, put, putFigure, text } from "./format.js";
import { pageNow, pagesOf } from "./pager.js";

const SOON = 2 / 3; // a wait beyond this part of its target is about to be late
const LEAST_ROW_REM = 2.6; // rows become as high as there is room for, within these limits
const MOST_ROW_REM = 4.8;

function urgency(row, now) {
  if (row.since_ms === null) return "";
  const wait = now - row.since_ms;
  if (wait > row.target_ms) return "late";
  return wait > row.target_ms * SOON ? "soon" : "";
}

const SIGNS = { late: "▲", soon: "△", "": "" }; // told by shape as well as by colour
const words = (state) => (state === "" ? "" : `${SIGNS[state]} ${text(state)}`);

function cell(className) {
  const element = document.createElement("span");
  element.className = className;
  element.setAttribute("role", "cell");
  return element;
}

class QueueRow {
  constructor() {
    this.element = document.createElement("div");
    this.element.className = "queue-row";
    this.element.setAttribute("role", "row");
    this.title = document.createElement("bdi");
    const title = cell("queue-title");
    title.append(this.title);
    this.waiting = cell("queue-waiting");
    const longest = cell("queue-longest");
    this.time = document.createElement("span");
    this.mark = document.createElement("span");
    this.mark.className = "queue-mark";
    longest.append(this.time, this.mark);
    this.served = cell("queue-served");
    this.timely = cell("queue-timely");
    this.element.append(title, this.waiting, longest, this.served, this.timely);
  }

  show(queue) {
    this.queue = queue;
    put(this.title, ours(queue.title));
    put(this.waiting, count(queue.waiting));
    put(this.served, `${count(queue.answered)}/${count(queue.offered)}`);
    put(this.timely, percent(queue.timely.share));
    this.element.classList.toggle("idle", queue.waiting === 0);
  }

  tick(now) {
    const state = urgency(this.queue, now);
    putFigure(this.time, this.queue.since_ms === null ? "–" : duration(now - this.queue.since_ms));
    put(this.mark, SIGNS[state]);
    this.element.dataset.urgency = state;
  }
}

export class QueuePanel {
  constructor() {
    this.list = document.getElementById("queues");
    this.page = document.getElementById("queues-page");
    this.waiting = document.getElementById("waiting");
    this.longest = document.getElementById("longest");
    this.longestCell = document.getElementById("longest-cell");
    this.longestMark = document.getElementById("longest-mark");
    this.rows = new Map();
    this.queues = [];
  }

  show(queues, now) {
    const ordered = Object.entries(queues).sort(([, a], [, b]) => a.order - b.order);
    this.queues = ordered.map(([, queue]) => queue);
    for (const name of this.rows.keys()) if (!(name in queues)) this.rows.delete(name);
    this.ordered = ordered.map(([name, queue]) => {
      if (!this.rows.has(name)) this.rows.set(name, new QueueRow());
      const row = this.rows.get(name);
      row.show(queue);
      return row;
    });
    putFigure(this.waiting, count(this.queues.reduce((sum, queue) => sum + queue.waiting, 0)));
    this.layOut(now);
  }

  layOut(now) {
    if (this.ordered === undefined) return;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const height = this.list.clientHeight / rem;
    const row = Math.max(LEAST_ROW_REM, Math.min(MOST_ROW_REM, height / this.queues.length));
    this.list.style.setProperty("--row", `${row}rem`);
    this.pages = pagesOf(this.ordered, height, () => row - 0.001);
    this.shown = null;
    this.tick(now);
  }

  tick(now) {
    if (this.pages === undefined) return;
    const page = pageNow(this.pages);
    if (page !== this.shown) this.turnTo(page);
    for (const row of this.ordered) row.tick(now);
    this.tickHero(now);
  }

  turnTo(page) {
    this.shown = page;
    if (this.queues.length === 0) this.list.replaceChildren(empty(text("no_queues")));
    else this.list.replaceChildren(...this.pages[page].map((row) => row.element));
    put(this.page, this.pages.length > 1 ? text("page_of", { page: page + 1, pages: this.pages.length }) : "");
  }

  tickHero(now) {
    const waiting = this.queues.filter((queue) => queue.since_ms !== null);
    const oldest = Math.min(...waiting.map((queue) => queue.since_ms));
    putFigure(this.longest, waiting.length === 0 ? "–" : duration(now - oldest));
    const states = waiting.map((queue) => urgency(queue, now));
    const worst = states.includes("late") ? "late" : states.includes("soon") ? "soon" : "";
    this.longestCell.dataset.urgency = worst;
    put(this.longestMark, words(worst));
  }
}

function empty(words) {
  const note = document.createElement("p");
  note.className = "empty";
  note.textContent = words;
  return note;
}
