"use strict";
(() => {

const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;

function draw() {
  for (const script of document.querySelectorAll("script[data-chart]")) {
    const holder = document.getElementById(script.dataset.chart);
    window.vegaEmbed(holder, JSON.parse(script.textContent), { actions: { export: true, source: false, compiled: false, editor: false }, theme: dark ? "dark" : undefined, config: { background: "transparent" } })
      .then(() => holder.setAttribute("data-drawn", "yes"));
  }
}

function key(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.key ?? cell.textContent.trim();
  if (text === "" || text === "–") return null;
  const number = Number(text);
  return Number.isNaN(number) ? text.toLowerCase() : number;
}

function sort(table, column, direction) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  rows.sort((a, b) => {
    const x = key(a, column), y = key(b, column);
    if (x === null || y === null) return (x === null) - (y === null);
    if (x === y) return 0;
    return (x < y ? -1 : 1) * direction;
  });
  body.append(...rows);
  [...table.tHead.rows[0].cells].forEach((th, i) => {
    if (i === column) th.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    else th.removeAttribute("aria-sort");
  });
}

function sortable(table) {
  [...table.tHead.rows[0].cells].forEach((th, column) => {
    if (th.textContent.trim() === "") return; // the interval of the column before it
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = th.textContent;
    th.replaceChildren(button);
    button.addEventListener("click", () => {
      const now = th.getAttribute("aria-sort");
      const first = th.dataset.first === "down" ? -1 : 1;
      sort(table, column, now === null ? first : now === "ascending" ? -1 : 1);
    });
  });
}

function filters() {
  const search = document.getElementById("search");
  if (!search) return;
  const track = document.getElementById("track"), variants = document.getElementById("variants");
  const shown = document.getElementById("shown");
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const section of document.querySelectorAll("[data-board]")) {
      section.hidden = section.dataset.board !== track.value;
      for (const row of section.querySelectorAll("tbody tr")) {
        const text = row.dataset.search;
        row.hidden = !words.every((w) => text.includes(w)) || (row.classList.contains("variant") && !variants.checked);
        if (!row.hidden && !section.hidden) n += 1;
      }
    }
    shown.textContent = `${n} shown`;
  };
  for (const control of [search, track, variants]) control.addEventListener("input", apply);
  apply();
}

document.querySelectorAll("table.sortable").forEach(sortable);
filters();
draw();
})();
