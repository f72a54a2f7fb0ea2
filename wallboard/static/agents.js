// The agents by state, with how long; after-contact work counts down. As large as their number allows.

import { count, duration, halfWidths, ours, put, remaining, text } from "./format.js";
import { pageNow, pagesOf } from "./pager.js";

// States in the order of the wall, each with a sign of its own shape: colour is never the only difference.
const SIGNS = {
  ready: "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13z",
  offered: "M8 1a4.6 4.6 0 0 0-4.6 4.6v3.6L1.8 11.6h12.4l-1.6-2.4V5.6A4.6 4.6 0 0 0 8 1zM6 13h4a2 2 0 0 1-4 0z",
  on_contact: "M2 2h12v9H8.5L5 14.5V11H2z",
  on_hold: "M3 2h3.6v12H3zM9.4 2H13v12H9.4z",
  communicating: "M2 14 12 4M6 2.5h7.5V10",
  acw: "M10.8 1.6l3.6 3.6L5.6 14H2v-3.6z",
  not_ready: "M2 6.2h12v3.6H2z",
  not_responding: "M6.3 1.5h3.4l-.6 8.2H6.9zM8 11.2a1.8 1.8 0 1 0 0 3.6a1.8 1.8 0 1 0 0-3.6z",
  unknown: "M8 .8 15.2 8 8 15.2.8 8z",
};
const ORDER = Object.keys(SIGNS);

// From large to small, in rem: rows become as high as there is room for, within the limits of a size.
const SIZES = [
  { name: "huge", columns: 2, least: 4.4, most: 5.6, gap: 1.2 },
  { name: "large", columns: 3, least: 3.2, most: 4.6, gap: 0.9 },
  { name: "small", columns: 4, least: 2.6, most: 3.6, gap: 0.7 },
  { name: "tiny", columns: 5, least: 2.2, most: 3.0, gap: 0.5 },
];

function sign(state) {
  const namespace = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(namespace, "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("class", `sign sign-${state}`);
  drawing.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(namespace, "path");
  path.setAttribute("d", SIGNS[state]);
  drawing.append(path);
  return drawing;
}

function part(className, tag = "span") {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}

class AgentCell {
  constructor(number) {
    this.element = part("agent", "div");
    this.name = part("agent-name", "bdi");
    this.number = part("agent-number");
    this.reason = part("agent-reason", "bdi");
    this.time = part("agent-time");
    const note = part("agent-note", "div");
    note.append(this.number, this.reason);
    this.element.append(this.name, this.time, note);
    put(this.number, number);
  }

  show(agent) {
    this.agent = agent;
    put(this.name, agent.name);
    const words = [agent.asks_help ? text("asks_help") : "", agent.reason ? ours(agent.reason) : ""];
    if (agent.overdue) words.push(text("overdue"));
    const reason = words.filter(Boolean).join(" · ");
    put(this.reason, reason);
    this.reason.style.setProperty("--chars", halfWidths(reason));
    this.element.classList.toggle("plain", this.reason.textContent === "");
    this.element.classList.toggle("asks-help", agent.asks_help === true);
    this.element.classList.toggle("overdue", agent.overdue === true);
  }

  tick(now) {
    const { state, since_ms: since, until_ms: until } = this.agent;
    put(this.time, state === "acw" && until ? `↓ ${remaining(until - now)}` : duration(now - since));
  }
}

class GroupBlock {
  constructor(state) {
    this.element = part(`group group-${state}`, "section");
    const heading = part("group-head", "h3");
    this.total = part("group-count");
    const words = part("group-words");
    words.append(text(`state.${state}`));
    if (state === "acw") {
      const left = part("group-note");
      left.textContent = text("left");
      words.append(left);
    }
    heading.append(sign(state), words, this.total);
    this.cells = part("group-cells", "div");
    this.element.append(heading, this.cells);
  }
}

export class AgentPanel {
  constructor() {
    this.groups = document.getElementById("agents");
    this.page = document.getElementById("agents-page");
    this.on = document.getElementById("agents-on");
    this.off = document.getElementById("agents-off");
    this.cells = new Map();
    this.blocks = new Map(ORDER.map((state) => [state, new GroupBlock(state)]));
  }

  show(agents, now) {
    for (const number of this.cells.keys()) if (!(number in agents)) this.cells.delete(number);
    const byState = new Map(ORDER.map((state) => [state, []]));
    let offline = 0;
    for (const [number, agent] of Object.entries(agents)) {
      if (!byState.has(agent.state)) {
        offline += 1;
        this.cells.delete(number);
        continue;
      }
      if (!this.cells.has(number)) this.cells.set(number, new AgentCell(number));
      const cell = this.cells.get(number);
      cell.show(agent);
      byState.get(agent.state).push(cell);
    }
    for (const cells of byState.values()) cells.sort((a, b) => a.agent.since_ms - b.agent.since_ms);
    this.byState = byState;
    put(this.on, text("agents_on", { count: count(this.cells.size) }));
    put(this.off, text("agents_off", { count: count(offline) }));
    this.layOut(now);
  }

  layOut(now) {
    if (this.byState === undefined) return;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const height = this.groups.clientHeight / rem;
    const size = SIZES.find((one) => rowHeight(this.byState, one, height) >= one.least) ?? SIZES.at(-1);
    const row = Math.max(size.least, Math.min(size.most, rowHeight(this.byState, size, height)));
    this.groups.dataset.size = size.name;
    this.groups.style.setProperty("--row", `${row}rem`);
    const heightOf = (next, before) => row - 0.001 + (startsGroup(next, before) ? size.gap : 0);
    this.pages = pagesOf(rowsOf(this.byState, size), height, heightOf);
    this.shown = null;
    this.tick(now);
  }

  tick(now) {
    if (this.pages === undefined) return;
    const page = pageNow(this.pages);
    if (page !== this.shown) this.turnTo(page);
    for (const cell of this.cells.values()) cell.tick(now);
  }

  turnTo(page) {
    this.shown = page;
    const cells = new Map();
    for (const row of this.pages[page]) cells.set(row.state, [...(cells.get(row.state) ?? []), ...row.cells]);
    const blocks = [...cells].map(([state, shown]) => {
      const block = this.blocks.get(state);
      put(block.total, count(this.byState.get(state).length));
      block.cells.replaceChildren(...shown.map((cell) => cell.element));
      return block.element;
    });
    if (blocks.length === 0) {
      const note = part("empty", "p");
      note.textContent = text("no_agents");
      blocks.push(note);
    }
    this.groups.replaceChildren(...blocks);
    put(this.page, this.pages.length > 1 ? text("page_of", { page: page + 1, pages: this.pages.length }) : "");
  }
}

function rowsOf(byState, { columns }) {
  const rows = [];
  for (const [state, cells] of byState) {
    for (let first = 0; first < cells.length; first += columns) {
      rows.push({ state, cells: cells.slice(first, first + columns) });
    }
  }
  return rows;
}

function startsGroup(row, before) {
  return before !== undefined && before.state !== row.state;
}

/** The height of a row, in rem, with which all of them just fit. */
function rowHeight(byState, size, height) {
  const rows = rowsOf(byState, size);
  const gaps = rows.filter((row, index) => startsGroup(row, rows[index - 1])).length;
  return (height - gaps * size.gap) / rows.length;
}
