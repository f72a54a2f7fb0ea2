// Lists of rows, made once per key and shape, so that what the mouse is on stays under it.

/** An element with a class and a text. */
export function make(tag, className, content = "") {
  const made = document.createElement(tag);
  made.className = className;
  if (content) made.textContent = content;
  return made;
}

export class Rows {
  /** build(key, thing) makes { element, show(thing), tick() } for a row. */
  constructor(id, build) {
    this.box = document.getElementById(id);
    this.build = build;
    this.rows = new Map();
  }

  /** things: [key, thing, shape] each; a row is made anew when its shape is another. */
  show(things, emptyText) {
    for (const key of this.rows.keys()) if (!things.some(([one]) => one === key)) this.rows.delete(key);
    const shown = things.map(([key, thing, shape]) => {
      let row = this.rows.get(key);
      if (row === undefined || row.shape !== shape) {
        row = this.build(key, thing);
        row.shape = shape;
        this.rows.set(key, row);
      }
      row.show(thing);
      return row.element;
    });
    if (shown.length === 0 && emptyText) shown.push(make("p", "empty", emptyText));
    const same = shown.length === this.box.children.length && shown.every((one, at) => one === this.box.children[at]);
    if (!same) this.box.replaceChildren(...shown);
  }

  tick() {
    for (const row of this.rows.values()) row.tick?.();
  }
}
