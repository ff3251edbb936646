"use strict";
// Two predictors on the tasks that both entered, and the win rates of many.
(() => {
const { page } = SB;
const DEFAULTS = { a: page.heads[0], b: page.heads[1] ?? page.heads[0], track: "" };
const state = SB.read(DEFAULTS);
const REACHES = [["within 3x", 3], ["3x to 10x", 10], ["10x to 100x", 100], ["beyond 100x", Infinity]];
const RESAMPLES = 1000, TIE = 1e-9, MATRIX = 12, LEVEL = page.level;
const known = new Map(page.predictors.map((name, i) => [name, i]));
for (const key of ["a", "b"]) if (!known.has(state[key])) state[key] = DEFAULTS[key];
const tasks = page.tasks.task.map((task, i) => ({ task, i, ...Object.fromEntries(["track", "kind", "far", "weight", "cluster"].map((key) => [key, page.tasks[key][i]])) }));
let pairs = [];

// the tasks that the overall board ranks on, all counted ones, or those of a track
const chosen = (t) => (state.track === "" ? page.ranked.includes(t.kind) : state.track === "all" || t.track === state.track);

function common(a, b) {
  const [x, y] = [page.log_ratio[known.get(a)], page.log_ratio[known.get(b)]];
  return tasks.filter((t) => x[t.i] !== null && y[t.i] !== null && chosen(t)).map((t) => ({ ...t, log: (x[t.i] - y[t.i]) / page.scale }));
}

function random(seed) { // mulberry32
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// The p-value of Wilcoxon's signed-rank test by the exact distribution of the sum of ranks; equal sizes have the mean of their ranks.
SB.signedRank = (differences) => {
  const known = differences.filter((d) => d !== 0).sort((a, b) => Math.abs(a) - Math.abs(b));
  if (!known.length) return 1;
  const size = known.map(Math.abs); // ranks count double, so that a mean of two is whole
  const ranks = size.map((v) => size.indexOf(v) + size.lastIndexOf(v) + 2);
  let ways = [1];
  for (const rank of ranks) {
    const more = new Array(ways.length + rank).fill(0);
    ways.forEach((w, sum) => { more[sum] += w / 2; more[sum + rank] += w / 2; });
    ways = more;
  }
  const positive = ranks.reduce((sum, rank, i) => sum + (known[i] > 0 ? rank : 0), 0);
  const share = (from, to) => ways.slice(from, to).reduce((sum, w) => sum + w, 0);
  return Math.min(1, 2 * Math.min(share(0, positive + 1), share(positive)));
};

// The weighted geometric mean of the ratio, with percentiles over resampled clusters (none for a single cluster), and the test over clusters.
function ratio(list) {
  const clusters = new Map();
  for (const t of list) {
    const own = clusters.get(t.cluster) ?? [0, 0];
    clusters.set(t.cluster, [own[0] + t.weight * t.log, own[1] + t.weight]);
  }
  const sums = [...clusters.values()], mean = (of) => Math.exp(of.reduce((s, c) => s + c[0], 0) / of.reduce((s, c) => s + c[1], 0));
  const found = { tasks: list.length, clusters: sums.length, value: list.length ? mean(sums) : null, low: null, high: null, p: SB.signedRank(sums.map((c) => c[0] / c[1])) };
  found.wins = list.filter((t) => t.log < -TIE).length;
  found.losses = list.filter((t) => t.log > TIE).length;
  if (sums.length < 2) return found;
  const next = random(0);
  const draws = Array.from({ length: RESAMPLES }, () => mean(Array.from(sums, () => sums[Math.floor(next() * sums.length)]))).sort((a, b) => a - b);
  return { ...found, low: draws[Math.floor(0.025 * RESAMPLES)], high: draws[Math.ceil(0.975 * RESAMPLES) - 1] };
}

// as `ErrorRatio.verdict` of scalingbench.leaderboard.ratios
function verdict(r) {
  if (!r.tasks) return "no common task";
  if (r.low === null) return "one cluster: no interval";
  if ((r.low <= 1 && 1 <= r.high) || r.p >= LEVEL) return "not distinguishable";
  return r.value > 1 ? "B is better" : "A is better";
}

function grouped(key) {
  const groups = new Map();
  for (const t of pairs) groups.set(key(t), [...(groups.get(key(t)) ?? []), t]);
  return groups;
}

function table(id, rows, heading) {
  const columns = [
    { key: "name", heading, text: true }, { key: "tasks", heading: "tasks" }, { key: "wins", heading: "A wins", meta: true }, { key: "losses", heading: "B wins", meta: true },
    { key: "value", heading: "ratio", digits: 2 }, { key: "low", heading: "", cell: (r) => SB.interval(r.low, r.high) }, { key: "p", heading: "p", digits: 3, meta: true }, { key: "verdict", heading: "verdict", text: true, meta: true },
  ];
  SB.id(id).replaceChildren(SB.table(columns, rows, { label: heading }));
}

function extremes(id, who, direction) {
  const rows = pairs.filter((t) => t.log * direction > 0.005).sort((x, y) => direction * (y.log - x.log)).slice(0, 8).map((t) => ({ ...t, ratio: Math.exp(t.log) }));
  const columns = [{ key: "task", heading: `${who} has the smaller error`, text: true, wrap: true, cell: (t) => SB.task(t.task) }, { key: "ratio", heading: "A / B", digits: 2 }];
  SB.id(id).replaceChildren(SB.table(columns, rows, { label: `Tasks on which ${who} has the smaller error` }));
}

function apply() {
  SB.write(state, DEFAULTS);
  pairs = common(state.a, state.b);
  const all = ratio(pairs), where = state.track && state.track !== "all" ? ` of track ${state.track}` : "";
  const amount = all.value === null ? "" : `: the error of ${state.a} is ${SB.number(all.value, 2)} ${SB.interval(all.low, all.high)} times that of ${state.b}; ${state.a} wins ${all.wins}, ${state.b} wins ${all.losses}`;
  const said = verdict(all), best = { "A is better": `${state.a} is better`, "B is better": `${state.b} is better` }[said] ?? `${said[0].toUpperCase()}${said.slice(1)}`;
  SB.id("verdict").replaceChildren(SB.el("strong", {}, best), ` on ${all.tasks} common tasks${where} in ${all.clusters} clusters${amount}.`);
  SB.id("names").textContent = `${state.a},${state.b}${where.replace(" of track", " --track")}`;
  table("by-track", [...grouped((t) => t.track)].map(([name, list]) => { const r = ratio(list); return { name, ...r, verdict: verdict(r) }; }), "track");
  const bins = REACHES.map(([name, most], i) => [name, ratio(pairs.filter((t) => t.far <= most && t.far > (i ? REACHES[i - 1][1] : -Infinity)))]).filter(([, r]) => r.tasks);
  const one = { kind: "both", x: bins.map((_, i) => i), y: bins.map(([, r]) => r.value), low: bins.map(([, r]) => r.low), high: bins.map(([, r]) => r.high), radius: 5 };
  SB.chart(SB.id("by-reach"), { x: { label: "extrapolation factor (tasks)", ticks: bins.map(([name, r]) => `${name} (${r.tasks})`) }, y: { label: "error of A / error of B", log: true }, series: [one], level: 1 });
  extremes("a-wins", "A", -1);
  extremes("b-wins", "B", 1);
  matrix();
}

function rate(a, b) {
  let won = 0, met = 0;
  for (const t of common(a, b)) { met += t.weight; won += t.weight * (t.log < -TIE ? 1 : t.log > TIE ? 0 : 0.5); }
  return met ? won / met : null;
}

function matrix() {
  const names = [...new Set([...page.heads.slice(0, MATRIX), state.a, state.b])];
  const head = SB.el("tr", {}, SB.el("td", {}), ...names.map((_, i) => SB.el("th", { scope: "col", title: names[i] }, String(i + 1))));
  const body = names.map((a, i) => SB.el("tr", {}, SB.el("th", { scope: "row", class: "text" }, `${i + 1} ${a}`), ...names.map((b) => {
    const value = a === b ? null : rate(a, b);
    if (value === null) return SB.el("td", {}, "");
    const href = `?${new URLSearchParams({ a, b, ...(state.track ? { track: state.track } : {}) })}`;
    return SB.el("td", { class: "win", style: `--w:${value}` }, SB.el("a", { href, title: `${a} against ${b}` }, value.toFixed(2)));
  })));
  const table = SB.el("table", { class: "matrix" }, SB.el("thead", {}, head), SB.el("tbody", {}, ...body));
  SB.id("matrix").replaceChildren(SB.el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Win rates" }, table));
}

const others = page.predictors.filter((name) => !page.heads.includes(name)).sort();
for (const key of ["a", "b"]) {
  const group = (label, names) => SB.el("optgroup", { label }, ...names.map((name) => SB.el("option", { value: name }, name)));
  SB.id(key).append(group("families, best first", page.heads.filter((n) => known.has(n))), group("others", others));
}
SB.id("track").append(...[...new Set(page.tasks.track)].map((name) => SB.el("option", { value: name }, name)));
for (const key of ["a", "b", "track"]) {
  SB.id(key).value = state[key];
  SB.id(key).addEventListener("input", (event) => { state[key] = event.target.value; apply(); });
}
document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => {
  if (button.dataset.do === "link") SB.copy(button, location.href);
  else SB.download("head-to-head.csv", SB.csv(pairs.map((t) => ({ a: state.a, b: state.b, task: t.task, track: t.track, reach: t.far, weight: t.weight, ratio: Math.exp(t.log) }))), "text/csv");
}));
apply();
})();
