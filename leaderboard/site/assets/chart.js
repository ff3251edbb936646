"use strict";
// Charts as SVG. A chart is {x, y, series, height}; an axis {label, log, ticks, percent}; a series
// {name, kind: "points" | "line" | "both", x, y, low, high, text, href, hollow}: arrays of one length, low and high the ends of whiskers.
SB.chart = (holder, chart) => {
  const off = new Set();
  const plot = SB.el("div", {});
  const draw = () => plot.replaceChildren(svgOf(chart, chart.series.map((s, i) => ({ ...s, color: s.color ?? i % 8 })).filter((s) => !off.has(s.name)), holder.clientWidth));
  const toggle = (name) => (event) => {
    off.has(name) ? off.delete(name) : off.add(name);
    event.target.setAttribute("aria-pressed", String(!off.has(name)));
    draw();
  };
  const named = chart.series.map((s, i) => [s.name, s.color ?? i % 8, s.hollow]).filter(([name], i, all) => name && all.findIndex(([n]) => n === name) === i);
  const legend = named.length < 2 ? null : SB.el("ul", { class: "legend" }, ...named.map(([name, color, hollow]) =>
    SB.el("li", {}, SB.el("button", { type: "button", class: hollow ? "hollow" : null, "aria-pressed": "true", style: `--c:var(--c${color})`, onclick: toggle(name) }, name))));
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", chart.label ?? `${chart.y.label} against ${chart.x.label}`);
  holder.replaceChildren(plot, ...(legend ? [legend] : []));
  draw();
  let width = holder.clientWidth;
  new ResizeObserver(() => { if (holder.clientWidth !== width) { width = holder.clientWidth; draw(); } }).observe(holder);
  holder.dataset.drawn = "yes";
};

const svg = (tag, attributes = {}, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

function svgOf(chart, series, width) {
  const height = chart.height ?? 300, top = 26, bottom = chart.x.ticks ? 56 : 42;
  const y = axis(chart.y, series.flatMap((s) => [...s.y, ...(s.low ?? []), ...(s.high ?? [])]), height - bottom, top, Math.max(2, Math.floor(height / 60)));
  const left = 12 + 7.2 * Math.max(2, ...y.ticks.map(([, text]) => text.length));
  const x = axis(chart.x, series.flatMap((s) => s.x), left + 6, width - 14, Math.max(2, Math.floor(width / 90)));
  const out = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
  for (const [value, text] of y.ticks) out.append(svg("line", { class: "grid", x1: left, x2: width - 8, y1: y.at(value), y2: y.at(value) }), svg("text", { x: left - 6, y: y.at(value) + 4, "text-anchor": "end" }, text));
  for (const [value, text] of x.ticks) out.append(svg("line", { class: "grid", x1: x.at(value), x2: x.at(value), y1: top, y2: height - bottom }), tickText(x.at(value), height - bottom + 16, text, left, width));
  out.append(svg("text", { x: 0, y: 13 }, fitted(chart.y.label, width)), svg("text", { x: width - 8, y: height - 6, "text-anchor": "end" }, fitted(chart.x.label, width)));
  if (chart.level !== undefined) out.append(svg("line", { class: "axis", "stroke-dasharray": "5 4", x1: left, x2: width - 8, y1: y.at(chart.level), y2: y.at(chart.level) }));
  if (chart.diagonal) out.append(svg("line", { class: "axis", "stroke-dasharray": "5 4", x1: x.at(0), y1: y.at(0), x2: x.at(1), y2: y.at(1) }));
  const taken = [];
  series.forEach((s, i) => out.append(drawn(s, x, y, chart.x.ticks ? 5 * (i - (series.length - 1) / 2) : 0)));
  if (chart.names) series.forEach((s) => s.text.forEach((text, i) => name(out, taken, text, x.at(s.x[i]), y.at(s.y[i]), width)));
  return out;
}

const fitted = (text, width) => (text.length * 6.4 > width ? `${text.slice(0, Math.floor(width / 6.4) - 1)}…` : text);

function tickText(at, y, text, left, width) {
  const half = 3.4 * text.split(" (")[0].length;
  const anchor = at + half > width ? "end" : at - half < 0 ? "start" : "middle";
  const place = anchor === "end" ? width : at;
  const [first, ...below] = text.split(/ (?=\()/); // a count in brackets is a line of its own
  const lines = [first, ...below].map((line, i) => svg("tspan", { x: place, dy: i ? 14 : 0 }, line));
  return svg("text", { y, "text-anchor": anchor }, ...lines);
}

function drawn(s, x, y, shift) {
  const group = svg("g", { style: `--c:var(--c${s.color})`, class: s.faint ? "faint" : null });
  const here = s.y.map((v, i) => (v === null || s.x[i] === null ? null : [x.at(s.x[i]) + shift, y.at(v)]));
  if (s.kind === "line" || s.kind === "both") {
    const path = here.map((p, i) => (p ? `${i && here[i - 1] ? "L" : "M"}${p[0].toFixed(1)} ${p[1].toFixed(1)}` : "")).join("");
    group.append(svg("path", { class: "mark", d: path, "stroke-dasharray": s.dashed ? "6 4" : null }));
  }
  here.forEach((p, i) => {
    if (!p) return;
    const whisker = s.low && s.low[i] !== null && s.low[i] !== undefined;
    if (whisker) group.append(svg("line", { class: "mark", x1: p[0], x2: p[0], y1: y.at(s.low[i]), y2: y.at(s.high[i]) }));
    if (s.kind === "line") return;
    const point = svg("circle", { cx: p[0], cy: p[1], r: s.radius ?? 3.5, class: [s.hollow ? "hollow" : "", s.href ? "link" : ""].join(" ").trim() || null });
    const about = s.text ? `${s.text[i]}: ` : s.name ? `${s.name}: ` : "";
    point.append(svg("title", {}, `${about}${y.text(s.y[i])}${whisker ? ` [${y.text(s.low[i])}, ${y.text(s.high[i])}]` : ""} at ${x.text(s.x[i])}`));
    if (s.href) point.addEventListener("click", () => { location.href = s.href[i]; });
    group.append(point);
  });
  return group;
}

function name(out, taken, text, x, y, width) {
  const w = 6.6 * text.length, left = x + 7 + w > width ? x - 7 - w : x + 7;
  const box = [left, y - 7, left + w, y + 7];
  if (left < 0 || taken.some((t) => t[0] < box[2] && box[0] < t[2] && t[1] < box[3] && box[1] < t[3])) return;
  taken.push(box);
  out.append(svg("text", { x: left, y: y + 4 }, text));
}

function axis(what, values, from, to, most) {
  const known = values.filter((v) => v !== null && v !== undefined && Number.isFinite(v) && (!what.log || v > 0));
  let [low, high] = what.domain ?? [Math.min(...known), Math.max(...known)];
  if (!known.length && !what.domain) [low, high] = [what.log ? 1 : 0, what.log ? 10 : 1];
  const f = what.log ? Math.log10 : (v) => v;
  let a = f(low), b = f(high);
  const pad = what.domain ? 0 : 0.04 * (b - a || Math.abs(a) || 1);
  [a, b] = [a - pad, b + pad];
  if (what.ticks) [a, b] = [-0.5, what.ticks.length - 0.5];
  const at = (v) => from + ((Math.min(Math.max(f(Math.max(v, what.log ? 1e-300 : -Infinity)), a), b) - a) / (b - a)) * (to - from);
  const text = (v) => (what.ticks ? what.ticks[v] : human(v, what));
  const ticks = what.ticks ? what.ticks.map((t, i) => [i, t]) : (what.log ? logTicks(a, b, most) : linearTicks(a, b, most)).map((v) => [v, human(v, what)]);
  return { at, text, ticks };
}

function linearTicks(a, b, most) {
  const raw = (b - a) / most, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((m) => m * power >= raw) * power;
  const first = Math.ceil(a / step - 1e-9);
  return Array.from({ length: Math.max(0, Math.floor(b / step + 1e-9) - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function logTicks(a, b, most) {
  if (b - a < 0.7) return linearTicks(10 ** a, 10 ** b, most);
  const whole = Math.max(1, Math.ceil((b - a) / most));
  const within = b - a < 1.5 ? [1, 2, 5] : b - a < 3 && most > 3 ? [1, 3] : [1];
  const found = [];
  for (let p = Math.floor(a); p <= Math.ceil(b); p += whole) for (const m of within) if (Math.log10(m) + p >= a && Math.log10(m) + p <= b) found.push(Number((m * 10 ** p).toPrecision(6)));
  return found;
}

const UNITS = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];
function human(value, { percent } = {}) {
  if (percent) return `${Number((100 * value).toPrecision(3))} %`.replace("-", "−");
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-3)) return Number(value.toPrecision(2)).toExponential().replace("e+", "e");
  const unit = UNITS.find(([u]) => size >= u);
  const text = unit ? `${Number((value / unit[0]).toPrecision(3))}${unit[1]}` : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}
SB.human = human;
