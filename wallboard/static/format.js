// Figures as text. Knows nothing of the page.

export const language = document.documentElement.dataset.language;
const texts = JSON.parse(document.getElementById("texts").textContent);

/** A text of the catalogue, its {names} filled in. */
export function text(key, values = {}) {
  return texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

const { timezone } = document.documentElement.dataset;

/** Formats a moment (ms since the epoch) as the hour and minute at the hotline, wherever the reader sits. */
export function houseClock(more = {}) {
  return new Intl.DateTimeFormat(undefined, { timeZone: timezone, hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...more });
}

/** One side of a {zh, en} pair. */
export function ours(pair) {
  return pair[language];
}

/** Milliseconds as 0:07, 12:34 or 1:02:03; whole seconds that have passed. */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** What is left of a deadline: the last second shows as 0:01, never as 0:00 too early. */
export function remaining(ms) {
  return duration(Math.ceil(Math.max(0, ms) / 1000) * 1000);
}

/** A share of 0…1 as 82.3 %, or a dash when nothing has been counted. 100 % only when it is all. */
export function percent(share) {
  if (share === null) return "–";
  if (share === 1) return "100%";
  return `${Math.min(99.9, Math.round(share * 1000) / 10).toFixed(1)}%`;
}

const grouped = new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en");

/** A whole number with separators of thousands. */
export function count(number) {
  return grouped.format(number);
}

/** Put a figure into an element; its style learns the length, so that a long one becomes smaller. */
export function putFigure(element, value) {
  put(element, value);
  element.style.setProperty("--chars", value.length);
  element.classList.toggle("none", value === "–");
}

/** How long a text is in characters of half an em; a Chinese one counts for two. */
export function halfWidths(value) {
  return [...value].reduce((sum, one) => sum + (one > "\u2e7f" ? 2 : 1), 0);
}

/** Put a text into an element, touching the page only when it changed. */
export function put(element, value) {
  if (element.textContent !== value) element.textContent = value;
}
