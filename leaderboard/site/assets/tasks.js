"use strict";
(() => {
const DEFAULTS = { q: "", track: "", sort: "" };
const state = SB.read(DEFAULTS), rows = SB.rows(SB.lists.tasks);
const columns = [
  { key: "task", heading: "task", text: true, wrap: true, cell: (t) => SB.task(t.task) }, { key: "best", heading: "best", text: true, cell: (t) => (t.best ? SB.predictor(t.best) : "") },
  { key: "track", heading: "track", text: true, meta: true }, { key: "kind", heading: "kind", text: true, meta: true }, { key: "role", heading: "role", text: true, meta: true },
  { key: "far", heading: "reach", digits: 1, down: true }, { key: "compute_share", heading: "compute share", digits: 2, meta: true },
  { key: "folds", heading: "fits", meta: true }, { key: "n_test", heading: "held-out rows", meta: true }, { key: "weight", heading: "weight", digits: 2, meta: true },
];
function apply() {
  SB.write(state, DEFAULTS);
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = rows.filter((t) => (!state.track || t.track === state.track) && words.every((word) => t.task.toLowerCase().includes(word)));
  SB.id("tasks").replaceChildren(SB.table(columns, shown, { label: "Tasks", sort: state.sort, onsort: (sort) => { state.sort = sort; SB.write(state, DEFAULTS); } }));
  SB.id("shown").textContent = `${shown.length} shown`;
}
SB.id("track").append(...[...new Set(rows.map((t) => t.track))].map((name) => SB.el("option", { value: name }, name)));
for (const id of ["q", "track"]) {
  SB.id(id).value = state[id];
  SB.id(id).addEventListener("input", (event) => { state[id] = event.target.value; apply(); });
}
apply();
})();
