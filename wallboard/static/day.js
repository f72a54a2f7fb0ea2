// Today's figures one by one: name, figure, the counts it comes from; the formula is under the mouse.

import { count, duration, ours, percent, put } from "./format.js";
import { make } from "./rows.js";

const cells = new Map();

function cell(box, key) {
  const element = make("div", "figure-cell");
  const [title, value, counts] = [make("span", "small"), make("b", "value"), make("span", "small")];
  element.append(title, value, counts);
  box.append(element);
  const made = { element, title, value, counts };
  cells.set(key, made);
  return made;
}

/** The list of figures as the server tells it, in its order. */
export function showDayList(box, figures) {
  for (const { key, title, rule, source, unit, part, of, value } of figures) {
    const at = cells.get(key) ?? cell(box, key);
    put(at.title, ours(title));
    at.element.title = `${ours(rule)}\n${ours(source)}`;
    const isShare = unit === "share";
    put(at.value, value === null ? "–" : isShare ? percent(value) : duration(value));
    put(at.counts, isShare ? `${count(part)}/${count(of)}` : `÷ ${count(of)}`);
  }
}
