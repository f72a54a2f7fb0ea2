// The supervisor's page: asks for the floor every second, shows it, sends deeds and tells what came of them.

import { AlarmList } from "./alarms.js";
import { CallbackList } from "./callbacks.js";
import { showDayList } from "./day.js";
import { count, duration, houseClock, ours, put, remaining, text } from "./format.js";
import { RecallList } from "./recalls.js";
import { Rows, make } from "./rows.js";

const EVERY_MS = 1000;
const ANSWER_LIMIT_MS = 12000;
const STALE_MS = 4000; // older news than this is called stale
const SURE_MS = 4000; // a second click within so long confirms
const SAID_MS = 6000;
const MOST_ALARMS = 8;

const element = (id) => document.getElementById(id);
const has = (key) => { try { return text(key) !== undefined; } catch { return false; } };

let floor = null;
let offsetMs = 0; // the server's clock minus ours
let freshAt = -Infinity; // our clock, when the floor was last current
let saidTimer;

const now = () => performance.now() + offsetMs;

// ---- deeds

function say(words, refused = false) {
  const said = element("said");
  put(said, words);
  said.classList.toggle("refused", refused);
  said.classList.add("shown");
  clearTimeout(saidTimer);
  saidTimer = setTimeout(() => said.classList.remove("shown"), SAID_MS);
}

async function act(label, deed, button) {
  if (button) button.disabled = true;
  try {
    const response = await fetch("/api/deeds", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(deed),
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    const answer = await response.json().catch(() => ({}));
    if (response.ok) {
      say(rings(deed) ? `${label}: ${text("phone_rings")}` : text("done", { deed: label }));
    } else {
      const code = `refused.${answer.refused ?? answer.why}`;
      say(text("not_done", { deed: label, why: text(has(code) ? code : "refused.other") }), true);
    }
  } catch {
    say(text("not_done", { deed: label, why: text("refused.acd") }), true);
  } finally {
    if (button) button.disabled = !isReady(button);
    refresh();
    for (const list of lists) list.refresh();
    setTimeout(refreshActs, 1000);
  }
}

const rings = (deed) => deed.as !== undefined;

/** Whether a button can do its deed: some ring my phone, so it must be known. */
const isReady = ({ dataset }) => !dataset.needsMe || element("me").value !== "";

/** A button that does a deed; `sure`: only when clicked once more. */
function button(key, deed, { sure = false, title = "", needsMe = false } = {}) {
  const made = make("button", "", text(key));
  made.type = "button";
  made.title = title;
  made.dataset.needsMe = needsMe ? "1" : "";
  made.disabled = !isReady(made);
  made.addEventListener("click", () => {
    if (sure && !made.classList.contains("sure")) {
      made.classList.add("sure");
      put(made, text("sure"));
      setTimeout(() => { made.classList.remove("sure"); put(made, text(key)); }, SURE_MS);
      return;
    }
    act(text(key), needsMe ? { ...deed, as: element("me").value } : deed, made);
  });
  return made;
}

/** A list of which each choice is a deed at once. */
function choices(key, entries, deedOf) {
  const made = make("select", "");
  made.setAttribute("aria-label", text(key));
  made.append(new Option(text(key), ""), ...entries.map(([value, words]) => new Option(words, value)));
  made.addEventListener("change", () => {
    const label = `${text(key).replace("…", "")} ${made.selectedOptions[0].textContent}`;
    const deed = deedOf(made.value);
    made.selectedIndex = 0;
    made.blur();
    act(label, deed);
  });
  return made;
}

// ---- rows

function queueTitle(name) {
  return floor.queues[name] ? ours(floor.queues[name].title) : name;
}

function callRow(contact, { first: isFirst }) {
  const row = make("div", "row call");
  const who = make("div", "who");
  const [time, place, name] = [make("span", "time"), make("span", "small"), make("bdi", "name")];
  const [state, step, wait, first] = [make("span", "small"), make("span", "small"), make("span", "expected"), make("span", "mark")];
  who.append(time, name, place, state, step, wait, first);
  put(first, text("is_first"));
  const deeds = make("div", "deeds");
  const others = Object.keys(floor.queues).map((queue) => [queue, queueTitle(queue)]);
  deeds.append(
    button("take", { deed: "take", contact }, { needsMe: true }),
    ...(isFirst ? [] : [button("put_first", { deed: "put_first", contact })]),
    choices("move_to", others, (queue) => ({ deed: "move", contact, queue })),
    button("end", { deed: "end", contact, message: "cannot-serve" }, { sure: true, title: text("end_hint") }),
  );
  row.append(who, deeds);
  let call;
  return {
    element: row,
    show(next) {
      call = next;
      put(name, queueTitle(call.queue));
      put(state, call.agent ? text("rings", { agent: call.agent }) : text("waits"));
      put(place, text("place", { place: count(call.place) }));
      put(step, call.steps ? text("step_of", { step: call.step, steps: call.steps }) : "");
      step.title = call.needs;
      step.hidden = !call.steps;
      first.hidden = !call.first;
      this.tick();
    },
    tick() {
      put(time, duration(now() - call.since_ms));
      put(wait, expected(call.expected));
      wait.title = call.expected === null ? "" : text("expected_of", { agents: count(call.expected.agents) });
      wait.classList.toggle("late", call.expected !== null && call.expected.high_ms < now());
    },
  };
}

/** What the caller was told last, as what is left of it. */
function expected(promise) {
  if (promise === null) return "";
  const [low, high] = [promise.low_ms - now(), promise.high_ms - now()];
  if (high < 0) return text("promise_broken", { late: duration(-high) });
  return text("expected", { low: duration(low), high: remaining(high) });
}

const at = houseClock();

/** open, closed, out of hours or full, and since when. */
function doorWords({ door, door_since_ms: since, opens_ms: opens }) {
  if (door === "closed") return text("closed_since", { since: at.format(since) });
  if (door !== "out_of_hours") return text(`door.${door}`);
  const shut = since ? text("hours_since", { since: at.format(since) }) : text("door.out_of_hours");
  return opens ? `${shut} · ${text("opens_at", { at: at.format(opens) })}` : shut;
}

/** The limits of a queue, those that are set. */
function limitWords({ max_waiting: most, max_wait_s: wait, callers_per_agent: each }) {
  const words = [text("limit_waiting", { most: count(most) })];
  if (wait) words.push(text("limit_wait", { wait: duration(wait * 1000) }));
  if (each) words.push(text("limit_callers", { each }));
  return words.join(" · ");
}

/** Where a caller is sent, such as queue:sales. */
function destinationWords(to) {
  const [kind, name] = to.split(":");
  const words = has(`to.${kind}`) ? text(`to.${kind}`) : kind;
  return kind === "queue" ? `${words} ${queueTitle(name)}` : words;
}

function sentOnWords(spell) {
  if (spell === null) return "";
  const why = has(`sent_on.${spell.reason}`) ? text(`sent_on.${spell.reason}`) : spell.reason;
  const to = destinationWords(spell.to || "message");
  return text("sends_on", { why, to, callers: count(spell.callers), since: at.format(spell.since_ms) });
}

function queueRow(queue, { closed }) {
  const row = make("div", "row queue");
  const who = make("div", "who");
  const [name, waiting, door] = [make("bdi", "name"), make("span", ""), make("span", "small")];
  const [limits, sent] = [make("span", "small"), make("span", "sent-on")];
  who.append(name, waiting, door, limits, sent);
  const deeds = make("div", "deeds");
  deeds.append(
    closed
      ? button("open_queue", { deed: "open_queue", queue })
      : button("close_queue", { deed: "close_queue", queue }, { sure: true }),
  );
  row.append(who, deeds);
  return {
    element: row,
    show(next) {
      put(name, ours(next.title));
      put(waiting, `${text("col_waiting")} ${count(next.waiting)}`);
      put(door, doorWords(next));
      door.className = next.door === "open" ? "small" : `mark ${next.door}`;
      put(limits, limitWords(next));
      put(sent, sentOnWords(next.sent_on));
      sent.hidden = next.sent_on === null;
    },
  };
}

function agentDeeds(number, agent) {
  if (agent.state === "offline") return [];
  const deeds = [];
  if (agent.talks) {
    for (const deed of ["listen", "whisper", "barge"]) {
      deeds.push(button(deed, { deed, agent: number }, { needsMe: true }));
    }
    deeds.push(button("take_over", { deed: "take_over", agent: number }, { needsMe: true, sure: true }));
  }
  const force = (state, options) => button(`force_${state}`, { deed: "force", agent: number, state }, options);
  if (agent.state === "acw") deeds.push(force("work_over"));
  if (!["ready", "offered"].includes(agent.state) && !agent.talks) deeds.push(force("ready"));
  const reasons = Object.entries(floor.reasons).map(([digit, words]) => [digit, ours(words)]);
  deeds.push(
    choices("force_not_ready", [["-", text("no_reason")], ...reasons], (reason) => ({
      deed: "force", agent: number, state: "not_ready", reason: reason === "-" ? "" : reason,
    })),
    force("logged_out", { sure: true }),
  );
  return deeds;
}

function agentRow(number, agent) {
  const row = make("div", `row agent ${agent.state}`);
  const who = make("div", "who");
  const [name, digits, state, reason, time, queue] = [
    make("bdi", "name"), make("span", "small", number), make("span", "state"),
    make("bdi", "small"), make("span", "time"), make("bdi", "small"),
  ];
  who.append(name, digits);
  if (agent.role === "supervisor") who.append(make("span", "mark role", text("role")));
  const hand = make("span", "mark");
  const helped = make("span", "small");
  who.append(hand, state, reason, time, queue, helped);
  const deeds = make("div", "deeds");
  deeds.append(...agentDeeds(number, agent));
  row.append(who, deeds);
  return {
    element: row,
    show(next) {
      agent = next;
      put(name, agent.name);
      state.dataset.state = agent.state;
      put(state, has(`state.${agent.state}`) ? text(`state.${agent.state}`) : "?");
      put(reason, agent.reason ? ours(agent.reason) : "");
      reason.hidden = !agent.reason;
      put(queue, agent.queue && agent.contact ? queueTitle(agent.queue) : "");
      const times = count(agent.helped);
      put(helped, agent.helped ? text("helped", { times, wait: duration(agent.help_mean_ms) }) : "");
      this.tick();
    },
    tick() {
      hand.hidden = !agent.help_ms;
      if (agent.help_ms) put(hand, `${text("asks_help")} ${duration(now() - agent.help_ms)}`);
      if (agent.state === "offline") return;
      const left = agent.state === "acw" && agent.until_ms > 0;
      put(time, left ? `↓ ${remaining(agent.until_ms - now())}` : duration(now() - agent.since_ms));
    },
  };
}

// ---- who did what: from the database, so asked for less often

const ACTS_EVERY_MS = 10000;
const MOST_ACTS = 10;
const clock = houseClock({ second: "2-digit" });

/** What a deed was about: a state, a destination, whose phone; a phone's name or digits stay as they are. */
function detailWords({ deed, detail }) {
  const [kind, name] = detail.split(":");
  if (kind === "as") return text("as_agent", { agent: name });
  if (deed === "move" || deed === "end") return destinationWords(detail);
  if (deed !== "force" || !has(`force_${kind}`)) return detail;
  const state = text(`force_${kind}`).replace("…", "");
  return name ? `${state} · ${floor.reasons[name] ? ours(floor.reasons[name]) : name}` : state;
}

function actRow(_key, act) {
  const row = make("div", "row act");
  const whom = act.agent || (act.queue && queueTitle(act.queue)) || "";
  const who = make("div", "who");
  const did = has(`did.${act.deed}`) ? text(`did.${act.deed}`) : act.deed;
  who.append(make("span", "small", clock.format(act.at_ms)), make("bdi", "", act.by), make("span", "", did));
  if (whom) who.append(make("bdi", "", whom));
  if (act.detail) who.append(make("bdi", "small", detailWords(act)));
  const why = has(`refused.${act.refused}`) ? text(`refused.${act.refused}`) : act.refused;
  if (act.refused) who.append(make("span", "mark closed", why));
  row.append(who);
  return { element: row, show() {} };
}

const acts = new Rows("acts", actRow);

async function refreshActs() {
  if (floor === null) return;
  try {
    const response = await fetch(`/api/acts?limit=${MOST_ACTS}`, { signal: AbortSignal.timeout(6000), cache: "no-store" });
    const answer = response.ok ? await response.json() : { acts: [] };
    const rows = answer.acts.map((act) => [`${act.at_ms} ${act.by} ${act.deed} ${act.agent} ${act.contact} ${act.queue}`, act]);
    acts.show(rows, text(response.ok ? "no_acts" : "acts_away"));
  } catch {
    // What is shown is a record of the past: it stays until the next answer.
  }
}

const alarms = new AlarmList(element("alarms"), MOST_ALARMS);
const lists = [new RecallList({ button, queueTitle, now }), new CallbackList({ button, queueTitle, now })];
const calls = new Rows("calls", callRow);
const queues = new Rows("queues", queueRow);
const agents = new Rows("agents", agentRow);

const STATE_ORDER = ["on_contact", "on_hold", "offered", "acw", "ready", "communicating", "not_ready", "not_responding", "unknown"];

/** Hands first, then by state. */
function rank({ state, help_ms: helpMs }) {
  if (helpMs) return -1;
  const at = STATE_ORDER.indexOf(state);
  return state === "offline" ? STATE_ORDER.length + 1 : at < 0 ? STATE_ORDER.length : at;
}

// ---- the floor

const MY_AGENT = "hotline_my_agent";

/** My number, as long as it is logged in. Never somebody else's: their phone would ring for my deeds. */
function myNumber(wish) {
  const numbers = floor.supervisors;
  if (wish) return numbers.includes(wish) ? wish : "";
  return numbers.length === 1 ? numbers[0] : "";
}

function showMe() {
  const me = element("me");
  const wish = localStorage.getItem(MY_AGENT);
  const mine = myNumber(wish);
  const entries = floor.supervisors.map((number) => [number, `${number} ${floor.agents[number].name}`]);
  if (mine === "") entries.unshift(["", text(!wish && entries.length ? "choose_me" : "nobody")]);
  const key = JSON.stringify([mine, entries]);
  if (me.dataset.key === key) return;
  me.dataset.key = key;
  me.replaceChildren(...entries.map(([value, words]) => new Option(words, value)));
  me.value = mine;
  for (const one of document.querySelectorAll('button[data-needs-me="1"]')) one.disabled = !isReady(one);
}

function show() {
  showMe();
  calls.show(floor.calls.map((call) => [call.contact, call, `${call.first} ${Object.keys(floor.queues)}`]), text("no_calls"));
  put(element("calls-count"), count(floor.calls.length));
  const byOrder = Object.entries(floor.queues).sort(([, a], [, b]) => a.order - b.order);
  queues.show(byOrder.map(([name, queue]) => [name, queue, queue.closed]));
  const byState = Object.entries(floor.agents).sort(([a, one], [b, other]) => rank(one) - rank(other) || (a < b ? -1 : 1));
  agents.show(byState.map(([number, agent]) => [number, agent, `${agent.state} ${agent.talks} ${agent.role}`]), text("no_agents"));
  const on = byState.filter(([, agent]) => agent.state !== "offline").length;
  put(element("agents-count"), text("agents_on", { count: count(on) }));
  showDayList(element("day"), floor.day);
}

const isStale = () => performance.now() - freshAt >= STALE_MS;

function tell() {
  const state = floor === null ? "connecting" : isStale() ? "stale" : "live";
  document.body.className = `supervise ${state}`;
  const words = { connecting: "connecting", live: "live", stale: "stale" };
  put(element("link-text"), text(words[state]));
}

async function refresh() {
  try {
    const response = await fetch("/api/floor", { signal: AbortSignal.timeout(3000), cache: "no-store" });
    if (response.status === 401 || response.status === 403) {
      location.reload(); // the sign-in has ended, or is another's by now: the server says what comes next
      return;
    }
    const answer = await response.json();
    if (!answer.floor) return; // no acd behind it, or an error told as JSON: what is shown grows old
    offsetMs = answer.now_ms - performance.now();
    freshAt = performance.now() - (answer.age_ms ?? 0);
    alarms.show(answer.alarms);
    const isFirst = floor === null;
    floor = answer.floor;
    show();
    if (isFirst) for (const list of lists) list.follow();
  } catch {
    // Told by `tell` once it lasts; the next second asks again.
  }
}

async function follow() {
  await refresh();
  tell();
  setTimeout(follow, EVERY_MS);
}

element("me").addEventListener("change", () => {
  localStorage.setItem(MY_AGENT, element("me").value);
  showMe();
});
setInterval(() => {
  if (floor === null || isStale()) return; // nobody knows whether those calls still wait
  for (const rows of [calls, agents, ...lists]) rows.tick();
  alarms.tick(now());
}, 500);
follow().then(refreshActs);
setInterval(refreshActs, ACTS_EVERY_MS);
