"use strict";
// The board: a view (track, reach) filtered by kind and words, sorted, exported; all of it in the address.
(() => {
const { page } = SB;
const DEFAULTS = { track: "", kind: "", reach: "", q: "", variants: "", sort: "", columns: "" };
const state = SB.read(DEFAULTS);
const holder = SB.id("board");
const FIRST = page.columns.filter((c) => c.first).map((c) => c.key);
let shown = [];

SB.views["|"] = page.view;
SB.view = (name, content) => { SB.views[name] = content; };

function option(id, values) {
  SB.id(id).append(...values.map(([value, text]) => SB.el("option", { value }, text)));
}

async function rowsOfView() {
  const name = `${state.track}|${state.reach}`;
  if (!SB.views[name]) await SB.script(`data/views/${SB.slug(name)}.js`).catch(() => {});
  const view = SB.views[name];
  if (!view) return { rows: [], view: { tasks: 0, clusters: 0 } };
  const keys = Object.keys(view.columns);
  return { view, rows: view.columns.predictor.map((_, i) => Object.fromEntries(keys.map((key) => [key, view.columns[key][i]]))) };
}

// the head of a row's family, empty for a head; the heads among ranked entries may be others
const head = (row, only_ranked = state.kind === "") => (only_ranked ? row.ranked ?? row.variant_of : row.variant_of);

function wanted(row, only_ranked = state.kind === "") {
  const kind = page.kind_of[row.predictor] ?? "";
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${row.predictor} ${page.family_of[row.predictor] ?? ""}`.toLowerCase();
  const of_kind = only_ranked ? row.ranked !== null : state.kind === "" || state.kind === "all" || kind === state.kind;
  return of_kind && (state.variants !== "" || !head(row, only_ranked)) && words.every((word) => text.includes(word));
}

function columns() {
  const chosen = state.columns ? state.columns.split(",") : FIRST;
  return page.columns.filter((c) => chosen.includes(c.key)).flatMap((c) => {
    const meta = !state.columns && !c.phone, extra = !state.columns && !c.tablet;
    const made = { ...c, meta, extra, text: c.key === "predictor", name: c.key === "predictor", cell: CELLS[c.key] };
    return c.ends ? [made, { key: c.ends[0], heading: "", meta, extra: !state.columns && !c.phone, cell: (row) => SB.interval(row[c.ends[0]], row[c.ends[1]], c.ends[2]) }] : [made];
  });
}

const CELLS = {
  rank: (row) => (row.rank === null ? "" : String(row.rank)),
  predictor: (row) => SB.predictor(row.predictor),
  tasks_entered: (row) => `${row.tasks_entered}/${row.tasks_total}`,
  failed_folds: (row) => String(row.failed_folds),
  fit_seconds: (row) => (row.fit_seconds === null ? "–" : String(Number((1000 * row.fit_seconds).toPrecision(2)))),
};

async function apply() {
  SB.write(state, DEFAULTS);
  const { rows, view } = await rowsOfView();
  shown = rows.filter((row) => wanted(row));
  const label = `Board${state.track ? `, track ${state.track}` : ""}`;
  const onsort = (sort) => { state.sort = sort; SB.write(state, DEFAULTS); };
  holder.replaceChildren(SB.table(columns(), shown, { label, sort: state.sort, onsort, row: (row) => ({ class: head(row) ? "variant" : null }) }));
  SB.id("shown").textContent = `${shown.length} of ${rows.length} predictors shown, ranked on ${view.tasks} tasks${view.clusters ? ` in ${view.clusters} clusters` : ""}.`;
  pareto(rows.filter((row) => wanted(row, false)));
}

function pareto(all) {
  const rows = all.filter((row) => row.fit_seconds > 0 && row.skill > -0.5).sort((a, b) => a.fit_seconds - b.fit_seconds);
  const front = rows.filter((row, i) => rows.slice(0, i).every((other) => other.skill < row.skill));
  const pick = (list, kind, more) => ({
    kind, x: list.map((r) => 1000 * r.fit_seconds), y: list.map((r) => r.skill), text: list.map((r) => r.predictor),
    href: list.map((r) => `predictors/${SB.slug(r.predictor)}.html`), ...more,
  });
  const ends = (list) => ({ low: list.map((r) => (r.skill_low === null ? null : Math.max(r.skill_low, -0.5))), high: list.map((r) => r.skill_high) });
  const law = rows.filter((r) => page.kind_of[r.predictor] === "published"), other = rows.filter((r) => page.kind_of[r.predictor] !== "published");
  const series = [pick(law, "points", { name: "published laws", color: 2, ...ends(law) }), pick(other, "points", { name: "others", color: 7, ...ends(other) }), pick(front, "line", { color: 0, dashed: true })];
  SB.chart(document.querySelector("[data-chart=pareto]"), { x: { label: "median time of a fit, ms", log: true }, y: { label: "skill" }, series, height: 380, level: 0, names: true });
}

const ACTIONS = {
  link: (button) => SB.copy(button, location.href),
  csv: () => SB.download("board.csv", SB.csv(shown), "text/csv"),
  json: () => SB.download("board.json", JSON.stringify({ ...state, rows: shown }, null, 1), "application/json"),
  cite: (button) => SB.copy(button, page.citation.replace(/\n}$/, `,\n  url = {${location.href}}\n}`)),
};

option("track", Object.entries(page.tracks).map(([name, tasks]) => [name, `${name} (${tasks})`]));
option("kind", Object.entries(page.kinds));
option("reach", page.reaches.map((name) => [name, name]));
for (const id of ["track", "kind", "reach", "q"]) {
  SB.id(id).value = state[id];
  SB.id(id).addEventListener("input", (event) => { state[id] = event.target.value; apply(); });
}
SB.id("variants").checked = state.variants !== "";
SB.id("variants").addEventListener("input", (event) => { state.variants = event.target.checked ? "yes" : ""; apply(); });
SB.id("columns").append(...page.columns.filter((c) => c.key !== "predictor").map((c) => {
  const box = SB.el("input", { type: "checkbox", value: c.key, oninput: choose });
  box.checked = (state.columns ? state.columns.split(",") : FIRST).includes(c.key);
  return SB.el("label", { title: c.title }, box, ` ${c.heading}`);
}));
function choose() {
  const chosen = ["predictor", ...[...document.querySelectorAll("#columns input:checked")].map((box) => box.value)];
  state.columns = chosen.length === FIRST.length && chosen.every((key) => FIRST.includes(key)) ? "" : chosen.join(",");
  apply();
}
document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => ACTIONS[button.dataset.do](button)));
apply();
for (const [name, chart] of Object.entries(page.charts)) SB.chart(document.querySelector(`[data-chart=${name}]`), chart);
})();
