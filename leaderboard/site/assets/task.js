"use strict";
(() => {
const { page } = SB;
page.scores.predictor = page.scores.predictor.map((i) => SB.lists.predictors.predictor[i]);
const first = { key: "predictor", heading: "predictor", text: true, name: true, cell: (s) => SB.predictor(s.predictor) };
if (SB.id("scores")) SB.scores(page.scores, first, { label: "Scores", file: SB.slug(page.task) });
if (!page.folds) return;

function draw(fold) {
  const { train, test, lines } = fold, y = { label: page.metric, log: page.log };
  const laws = page.laws.map((name, i) => ({ name, i, p: test.p[i], low: test.low[i], high: test.high[i] })).filter((law) => law.p);
  const predicted = laws.map(({ name, i, p, low, high }, color) => ({
    name, color, kind: page.joined && !lines.some((l) => l.y[i]) ? "both" : "points", radius: 3, x: test.x, y: p, low, high,
  }));
  const fits = lines.flatMap((line) => laws.flatMap(({ name, i }, color) => (line.y[i] ? [{ name, color, kind: "line", x: line.x, y: line.y[i] }] : [])));
  const runs = [{ name: "trained on", color: 7, kind: "points", hollow: true, x: train.x, y: train.y }, { name: "held out", color: 7, kind: "points", radius: 4.5, x: test.x, y: test.y }];
  SB.chart(SB.id("fit"), { x: page.x, y, series: [...runs, ...fits, ...predicted], height: 380, label: `Runs of ${page.task} and predictions of ${laws.map(({ name }) => name).join(", ")}` });
  const at = lines.map((line) => line.at).filter((value) => value !== null).map((value) => SB.human(value));
  SB.id("lines").textContent = !lines.length ? "Points are predictions of the held-out runs with 80 % intervals."
    : `Lines are the formulas at the fitted constants${at.length ? `, at ${page.other} ${at.join(", ")}` : ""}; points are predictions of the held-out runs with 80 % intervals.`;
  const off = (p, m) => (page.log ? p / m - 1 : p - m);
  const residuals = (values) => values?.map((p, j) => off(p, test.y[j]));
  const residual = laws.map(({ name, p, low, high }, color) => ({ name, color, kind: "points", x: test.x, y: residuals(p), low: residuals(low), high: residuals(high) }));
  SB.chart(SB.id("residuals"), { x: page.x, y: { label: page.log ? "prediction / measured − 1" : "prediction − measured", percent: page.log }, series: residual, level: 0, height: 240 });
}

SB.id("fold").append(...page.folds.map((fold, i) => SB.el("option", { value: i }, fold.name)));
if (page.n_folds > page.folds.length) SB.id("fold").parentElement.after(SB.el("span", { class: "muted" }, `the first ${page.folds.length} of ${page.n_folds} fits`));
if (page.folds.length === 1) SB.id("fold").closest("form").hidden = true;
SB.id("fold").addEventListener("input", (event) => draw(page.folds[event.target.value]));
draw(page.folds[0]);
})();
