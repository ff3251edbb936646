"use strict";
// What every page uses: elements, numbers, tables that sort, state in the address, downloads.
const SB = {
  page: null,
  views: {},
  lists: {},
  root: document.documentElement.dataset.root,

  data(content) { SB.page = content; },
  list(name, columns) { SB.lists[name] = columns; },

  el(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  },

  id(name) { return document.getElementById(name); },

  // as `slug` of scalingbench.common.names: the name of a page's file
  slug(name) { return name.replace(/[^A-Za-z0-9.]+/g, "-").replace(/^-+|-+$/g, ""); },

  number(value, digits = 3) {
    if (value === null || value === undefined) return "–";
    const text = Math.abs(value) >= 1e4 ? value.toExponential(1) : value.toFixed(digits);
    return text.replace(/^-(?=0\.?0*$)/, "").replace("-", "−");
  },

  interval(low, high, digits = 2) {
    return low === null || low === undefined ? "" : `[${SB.number(low, digits)}, ${SB.number(high, digits)}]`;
  },

  predictor(name) { return SB.el("a", { href: `${SB.root}predictors/${SB.slug(name)}.html` }, name); },
  task(name) { return SB.el("a", { href: `${SB.root}tasks/${SB.slug(name)}.html` }, name); },

  script(path) {
    return new Promise((resolve, reject) => document.head.append(SB.el("script", { src: SB.root + path, onload: resolve, onerror: reject })));
  },

  // State: parameters of the address; a parameter with its default is left out.
  read(defaults) {
    const given = new URLSearchParams(location.search || location.hash.slice(1));
    return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, given.get(name) ?? value]));
  },

  write(state, defaults) {
    const kept = Object.entries(state).filter(([name, value]) => value !== defaults[name]);
    const query = new URLSearchParams(kept).toString();
    history.replaceState(null, "", location.pathname + (query ? `?${query}` : ""));
  },

  download(name, text, type) {
    const link = SB.el("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
    link.click();
    URL.revokeObjectURL(link.href);
  },

  csv(rows) {
    const quoted = (value) => (/[",\n]/.test(String(value ?? "")) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
    const names = Object.keys(rows[0] ?? {});
    return [names, ...rows.map((row) => names.map((name) => row[name]))].map((line) => line.map(quoted).join(",")).join("\n") + "\n";
  },

  async copy(button, text) {
    const before = button.textContent;
    let done = true;
    try { await navigator.clipboard.writeText(text); } catch { done = false; }
    if (!done) window.prompt("Copy", text);
    button.textContent = done ? "copied" : before;
    setTimeout(() => { button.textContent = before; }, 1500);
  },

  // A table: columns are {key, heading, title, text, digits, down, meta, cell(row)}; rows are records.
  table(columns, rows, { label, caption, sort, onsort, row: attributes = () => ({}) } = {}) {
    const head = SB.el("tr", {}, ...columns.map((c) => SB.el("th", { scope: "col", class: classes(c), title: c.title }, c.heading || SB.el("span", { title: "95 % interval" }, "95 %"))));
    const body = SB.el("tbody", {}, ...rows.map((row) => SB.el("tr", attributes(row), ...columns.map((c) => cell(c, row)))));
    const table = SB.el("table", {}, caption ? SB.el("caption", {}, caption) : null, SB.el("thead", {}, head), body);
    SB.sortable(table, columns.map((c) => (c.down ? -1 : 1)), sort, onsort);
    return SB.el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table);
  },

  sortable(table, first = [], sort = "", onsort = () => {}) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((th, column) => {
      const text = th.textContent.trim();
      if (text === "" || text === "95 %") return;
      const apply = (direction) => {
        order(table.tBodies[0], column, direction);
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        th.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      };
      const press = () => {
        const now = th.getAttribute("aria-sort");
        const direction = now === null ? first[column] ?? (th.dataset.first === "down" ? -1 : 1) : now === "ascending" ? -1 : 1;
        apply(direction);
        onsort(`${direction < 0 ? "-" : ""}${text}`);
      };
      th.replaceChildren(SB.el("button", { type: "button", onclick: press }, text));
      if (sort.replace(/^-/, "") === text) apply(sort.startsWith("-") ? -1 : 1);
    });
  },

  // Whiskers as rows of HTML, the same as the macro of the templates.
  whiskers(rows) {
    const known = rows.filter((r) => r.value !== null);
    const low = Math.min(0, ...known.map((r) => r.low ?? r.value)), high = Math.max(0, ...known.map((r) => r.high ?? r.value));
    const at = (v) => `${(100 * (Math.max(low, Math.min(high, v)) - low)) / (high - low || 1)}%`;
    const rail = (r) => SB.el("span", { class: "rail" }, SB.el("u", { style: `left:${at(0)}` }),
      r.low === null ? null : SB.el("i", { style: `left:${at(r.low)};right:calc(100% - ${at(r.high)})` }), SB.el("b", { style: `left:${at(r.value)}` }));
    return SB.el("ol", { class: "whiskers" }, ...known.map((r) => SB.el("li", {}, SB.el("span", {}, r.name), rail(r), SB.el("span", {}, r.text ?? SB.number(r.value, 2)))));
  },
};

function classes(column) {
  return [column.text ? "text" : "", column.meta ? "meta" : "", column.extra ? "extra" : "", column.name ? "name" : "", column.wrap ? "wrap" : ""].filter(Boolean).join(" ") || null;
}

function cell(column, row) {
  const value = row[column.key];
  const shown = column.cell ? column.cell(row) : column.text || typeof value === "string" ? value ?? "" : SB.number(value, column.digits ?? 0);
  return SB.el("td", { class: classes(column), "data-key": column.cell && value !== undefined ? value ?? "" : value ?? "" }, shown);
}

function order(body, column, direction) {
  const keyed = [...body.rows].map((row) => [row.cells[column].dataset.key ?? row.cells[column].textContent.trim(), row]);
  const value = (text) => (text === "" || text === "–" ? null : Number.isNaN(Number(text)) ? text.toLowerCase() : Number(text));
  const sorted = keyed.map(([text, row]) => [value(text), row]).sort(([x], [y]) => {
    if (x === null || y === null) return (x === null) - (y === null);
    return x === y ? 0 : (x < y ? -1 : 1) * direction;
  });
  body.append(...sorted.map(([, row]) => row));
}

document.querySelectorAll("table.sortable").forEach((table) => SB.sortable(table));
