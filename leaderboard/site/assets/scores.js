"use strict";
// The scores of a predictor or of a task: columns of numbers as rows, with their table and downloads.
SB.rows = (columns) => {
  const keys = Object.keys(columns);
  return (columns[keys[0]] ?? []).map((_, i) => Object.fromEntries(keys.map((key) => [key, columns[key][i]])));
};

SB.SCORES = [
  { key: "error", heading: "error", digits: 4 }, { key: "ratio", heading: "ratio", digits: 3, title: "error over the reference's" },
  { key: "mape", heading: "MAPE", digits: 4, meta: true }, { key: "r2", heading: "R2", digits: 2, down: true, meta: true }, { key: "bias", heading: "bias", digits: 4, meta: true },
  { key: "coverage", heading: "coverage", digits: 2, meta: true, title: "share of held-out values within the 80 % interval" }, { key: "regret", heading: "regret", digits: 2, meta: true },
  { key: "failed", heading: "failed", meta: true, cell: (s) => `${s.failed} of ${s.folds}` },
  { key: "fit_seconds", heading: "fit ms", meta: true, cell: (s) => (s.fit_seconds === null ? "–" : String(Number((1000 * s.fit_seconds).toPrecision(2)))) },
];

SB.scores = (columns, first, { label, file, marked }) => {
  const rows = SB.rows(columns), there = SB.SCORES.filter((c) => c.key in columns);
  SB.id("scores").replaceChildren(SB.table([first, ...there], rows, { label, row: (row) => ({ id: SB.slug(row[first.key]), class: row[first.key] === marked ? "marked" : null }) }));
  const what = { csv: () => SB.download(`${file}.csv`, SB.csv(rows), "text/csv"), json: () => SB.download(`${file}.json`, JSON.stringify(SB.page, null, 1), "application/json") };
  document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", what[button.dataset.do]));
  if (location.hash) SB.id(location.hash.slice(1))?.scrollIntoView();
  return rows;
};
