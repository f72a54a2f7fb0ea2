// What is wrong with the house: a strip of few alarms, each with since when; the rest as a number.

import { count, duration, put, text } from "./format.js";

export class AlarmList {
  /** box: where they stand; most: so many are shown at once. */
  constructor(box, most) {
    this.box = box;
    this.most = most;
    this.shown = [];
    this.key = "";
  }

  /** Alarms by key, as the server tells them. True when the strip came, went or changed. */
  show(alarms) {
    const rows = Object.values(alarms).sort((a, b) => a.order - b.order);
    const key = JSON.stringify(rows.map(({ kind, about }) => [kind, about]));
    this.shown = rows.slice(0, this.most).map((alarm, at) => ({ alarm, element: this.shown[at]?.element ?? chip() }));
    if (key === this.key) return false;
    this.key = key;
    for (const { alarm, element } of this.shown) {
      put(element.firstChild, words(alarm));
      element.classList.toggle("calm", alarm.calm);
    }
    const more = rows.length - this.shown.length;
    this.box.replaceChildren(...this.shown.map(({ element }) => element), ...(more > 0 ? [rest(more)] : []));
    this.box.hidden = rows.length === 0;
    return true;
  }

  tick(now) {
    for (const { alarm, element } of this.shown) put(element.lastChild, duration(now - alarm.since_ms));
  }
}

function words({ kind, about }) {
  return text(`alarm.${kind}`, { about: kind === "service" ? text(`service.${about}`) : about });
}

function chip() {
  const element = document.createElement("p");
  element.className = "alarm";
  const since = document.createElement("span");
  since.className = "alarm-since";
  element.append(document.createElement("bdi"), since);
  return element;
}

function rest(more) {
  const element = document.createElement("p");
  element.className = "alarm more";
  element.textContent = `+${count(more)}`;
  return element;
}
