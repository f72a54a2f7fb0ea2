// The wallboard: joins the link to the panels, and lets time pass on the page.

import { AgentPanel } from "./agents.js";
import { AlarmList } from "./alarms.js";
import { duration, language, ours, put, text } from "./format.js";
import { Link } from "./link.js";
import { QueuePanel } from "./queues.js";
import { showDay } from "./tiles.js";

const TICK_MS = 200;
const MOST_ALARMS = 3; // more do not fit in one line of the wall
const RELOAD_MS = 30000; // signed off: ask again, a display may have got a new token

const element = (id) => document.getElementById(id);
const queues = new QueuePanel();
const agents = new AgentPanel();
const alarms = new AlarmList(element("alarms"), MOST_ALARMS);
const link = new Link("/wallboard/live", showBoard);
const locale = language === "zh" ? "zh-CN" : "en-GB";
let clock = null;

function showBoard(board, sections) {
  const now = link.now();
  if (sections.has("house")) showHouse(board.house);
  if (sections.has("alarms") && alarms.show(board.alarms)) layOut();
  if (sections.has("queues")) queues.show(board.queues, now);
  if (sections.has("agents")) agents.show(board.agents, now);
  if (sections.has("day") || sections.has("house")) showDay(board.day, board.house);
  showLink();
}

function showHouse(house) {
  put(element("house"), ours(house.name));
  const zone = { timeZone: house.timezone };
  clock = {
    time: new Intl.DateTimeFormat(locale, { ...zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }),
    date: new Intl.DateTimeFormat(locale, { ...zone, weekday: "long", day: "numeric", month: "long" }),
  };
}

function showLink() {
  const state = link.state();
  document.body.className = `wallboard ${state}`;
  const live = { live: "live", connecting: "connecting" };
  put(element("link-text"), text(live[state] ?? "stale"));
  const troubled = !(state in live);
  element("banner").hidden = !troubled;
  if (!troubled) return;
  const why = { server: "stale_server", source: "stale_source", "signed-off": "signed_off" };
  put(element("banner-age"), link.board === null ? "" : text("stale_for", { age: duration(link.age()) }));
  put(element("banner-why"), text(why[state]));
}

/** The room for queues and agents is another. */
function layOut() {
  if (link.board === null) return;
  queues.layOut(link.now());
  agents.layOut(link.now());
}

function tick() {
  showLink();
  const now = link.now();
  if (clock !== null) {
    put(element("time"), clock.time.format(now));
    put(element("date"), clock.date.format(now));
  }
  // While nothing new comes, waits must not seem to grow: their calls may be long gone.
  const shown = link.state() === "live" ? now : now - link.age();
  queues.tick(shown);
  agents.tick(shown);
  alarms.tick(now);
}

setInterval(tick, TICK_MS);
addEventListener("resize", layOut);
setInterval(() => link.signedOff && location.reload(), RELOAD_MS);
