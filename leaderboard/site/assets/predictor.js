"use strict";
(() => {
const { predictor, scores } = SB.page, { task, track, far } = SB.lists.tasks;
if (!SB.id("scores")) return;
[scores.task, scores.track, scores.reach] = [task, track, far].map((column) => scores.task.map((i) => column[i]));
const first = { key: "task", heading: "task", text: true, wrap: true, cell: (s) => SB.task(s.task) };
const rows = SB.scores(scores, first, { label: "Scores by task", file: SB.slug(predictor) }).filter((s) => s.reach > 0 && s.ratio > 0);
const tracks = [...new Set(rows.map((s) => s.track))];
const series = tracks.map((track) => {
  const own = rows.filter((s) => s.track === track);
  return { name: track, kind: "points", x: own.map((s) => s.reach), y: own.map((s) => s.ratio), text: own.map((s) => s.task), href: own.map((s) => `../tasks/${SB.slug(s.task)}.html`) };
});
SB.chart(SB.id("by-reach"), { x: { label: "extrapolation factor of the task", log: true }, y: { label: "error / the reference's", log: true }, series, level: 1, height: 340 });
})();
