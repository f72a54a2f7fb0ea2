// Shares out rows over pages when they do not fit, and turns the pages by itself.

const TURN_MS = 10000;

/** Pages of rows: each row has a height; a page takes what fits, and at least one row. */
export function pagesOf(rows, height, heightOf) {
  const pages = [[]];
  let used = 0;
  for (const row of rows) {
    const next = heightOf(row, pages.at(-1).at(-1));
    if (used + next > height && pages.at(-1).length > 0) {
      pages.push([]);
      used = 0;
    }
    pages.at(-1).push(row);
    used += heightOf(row, pages.at(-1).at(-2));
  }
  return pages;
}

/** Which page is shown now: turns every ten seconds, on all screens at once. */
export function pageNow(pages) {
  return Math.floor(Date.now() / TURN_MS) % pages.length;
}
