"use strict";
/* The page around the trials: theme, sorting, the choice of a backend, the table of trials. No text ever becomes markup. */

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** An element: el("p", {class: "x", onclick: f}, "text", child, ...). Null, false and empty children are left out. */
function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(2).filter((child) => known(child) && child !== false && child !== ""));
  return node;
}

const words = (name) => String(name).replaceAll("_", " ");
const known = (value) => value !== null && value !== undefined;
const format = {
  ratio: (x) => (known(x) ? (x < 9.995 ? x.toFixed(2) : x < 99.95 ? x.toFixed(1) : x.toFixed(0)) + "x" : "-"),
  percent: (x) => (known(x) ? (100 * x).toFixed(1) + "%" : "-"),
  count: (x) => (known(x) ? Number(x).toLocaleString("en", { maximumFractionDigits: Math.abs(x) < 100 ? 2 : 0 }) : "-"),
  money: (x) => (known(x) ? "$" + x.toFixed(x && x < 0.1 ? 4 : 2) : "-"),
  seconds: (x) => (!known(x) ? "-" : x < 0.0995 ? (1000 * x).toFixed(x < 0.01 ? 1 : 0) + " ms" : x < 120 ? x.toFixed(1) + " s" : (x / 60).toFixed(1) + " min"),
};
const outcomeClass = (outcome) => (outcome === "passed" ? "good" : outcome === "built" ? "plain" : GRADED.has(outcome) ? "bad" : "warn");
const GRADED = new Set(["wrong", "fault", "build_error", "timeout", "limit", "rejected", "no_kernel"]);
const badge = (outcome, text) => el("span", { class: `badge ${outcomeClass(outcome)}` }, text ?? words(outcome));

/* Packed values: base64 of compressed JSON lists, unpacked when first asked for. */

const unpacked = new Map();

function chunk(id) {
  if (!unpacked.has(id)) unpacked.set(id, arrived(id).then((node) => inflate(node.textContent)));
  return unpacked.get(id);
}

/** The element of a chunk, once the browser has read all of it: a large page is still being read when it is first used. */
async function arrived(id) {
  const isWhole = () => document.readyState !== "loading" || document.getElementById(id)?.nextElementSibling;
  if (!isWhole()) await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
  return document.getElementById(id);
}

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

/** The text whose blocks lie at these places. */
async function textAt(places) {
  const parts = await Promise.all(places.map(async ([number, index]) => (await chunk(`t${number}`))[index]));
  return parts.join("");
}

/* Theme: the system's, unless the reader chose. */

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  $("#theme").textContent = dark ? "Light" : "Dark";
  $("#theme").setAttribute("aria-label", dark ? "Switch to the light theme" : "Switch to the dark theme");
  return dark;
}

function startTheme() {
  const stored = (() => { try { return localStorage.getItem("kernelwright-theme"); } catch { return null; } })();
  setTheme(stored);
  $("#theme").addEventListener("click", () => {
    const theme = setTheme(document.documentElement.dataset.theme) ? "light" : "dark";
    setTheme(theme);
    try { localStorage.setItem("kernelwright-theme", theme); } catch { /* a page from a file may have no storage */ }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(document.documentElement.dataset.theme));
}

/* Tables of the page itself: their cells carry what they are sorted by. */

function startSorting(root = document) {
  for (const table of $$("table[data-sortable]", root)) {
    for (const button of $$("thead th button", table)) button.addEventListener("click", () => sortTable(table, button.closest("th")));
  }
}

function sortTable(table, heading) {
  const column = [...heading.parentNode.children].indexOf(heading);
  const up = nextOrder(heading, heading.classList.contains("l"));
  const key = (row) => row.children[column].dataset.sort ?? row.children[column].textContent;
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort((a, b) => compareKeys(key(a), key(b), up)));
}

/** Marks a heading as sorted; whether upwards. Numbers begin with the largest. */
function nextOrder(heading, upFirst) {
  const before = heading.getAttribute("aria-sort");
  const up = before ? before === "descending" : upFirst;
  for (const other of heading.parentNode.children) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  return up;
}

/** Order of two keys; unknown ones come last either way. */
function compareKeys(a, b, up) {
  const none = (x) => x === "" || x === null || x === undefined;
  if (none(a) || none(b)) return none(a) - none(b);
  const numbers = a !== true && !Number.isNaN(+a) && !Number.isNaN(+b);
  const order = numbers ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  return up ? order : -order;
}

/** Tables that are packed, drawn when their place is opened. */
function startLazyTables() {
  for (const details of $$("details[data-table]")) {
    details.addEventListener("toggle", async () => {
      const [number, index] = details.dataset.table.split(" ");
      details.append(tableOf((await chunk(`t${number}`))[index], details.dataset.label));
      startSorting(details);
    }, { once: true });
  }
}

/** A sortable table of packed columns [name, style, title] and cells [text, sort, badge]. */
function tableOf({ columns, rows }, label) {
  const heads = columns.map(([name, style, title]) => el("th", { scope: "col", class: style || null, title: title || null }, el("button", { type: "button" }, name)));
  const lines = rows.map((row) => el("tr", {}, row.map(([text, sort, style], i) =>
    el("td", { class: columns[i][1] || null, "data-sort": sort }, style ? el("span", { class: `badge ${style}` }, text) : text))));
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label }, el("table", { "data-sortable": true }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, lines)));
}

/* Backends: one at a time, because their cycles do not compare. */

function startBackends() {
  for (const input of $$("input[name=backend]")) input.addEventListener("change", showBackend);
  showBackend();
}

/** Sections that every backend has its own of: the one that is shown is meant. */
function startSections() {
  $(".top nav").addEventListener("click", (event) => {
    const id = event.target.getAttribute("href")?.slice(1);
    const section = $$(`[data-section="${id}"]`).find((one) => !one.closest("[hidden]"));
    if (!section) return;
    event.preventDefault();
    section.scrollIntoView();
  });
}

function showBackend() {
  const chosen = $("input[name=backend]:checked")?.value;
  for (const part of $$("[data-backend]")) part.hidden = Boolean(chosen) && part.dataset.backend !== chosen;
}

/* Words of a mark beside the pointer. */

function startTips() {
  const tip = el("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  document.body.append(tip);
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest?.("svg [aria-label], .heat a[aria-label]");
    tip.hidden = !mark || mark.getAttribute("aria-roledescription")?.endsWith("mark container");
    if (tip.hidden) return;
    tip.textContent = mark.getAttribute("aria-label");
    tip.style.left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + "px";
  });
}

/* The table of trials: drawn a page at a time from columns. */

const PAGE = 25;
const trials = { table: null, shown: [], page: 0, sort: null, up: true };

const COLUMNS = [
  { name: "workload", head: "workload", left: true },
  { name: "outcome", head: "outcome", left: true },
  { name: "agent", head: "model", left: true },
  { name: "backend", head: "backend", left: true, minor: true },
  { name: "speedup", head: "speedup", text: format.ratio },
  { name: "share", head: "of bound", text: format.percent, minor: true },
  { name: "cycles", head: "cycles", text: format.count, minor: true },
  { name: "iterations", head: "kernels", text: format.count },
  { name: "tokens", head: "tokens", text: format.count, minor: true },
  { name: "cost", head: "cost", text: format.money, minor: true },
];

/** A value of a trial, texts spelled out. */
function valueOf(field, row) {
  const value = trials.table[field][row];
  const names = trials.table.names[field];
  return names ? names[value] : value;
}

function startTrials() {
  const source = document.getElementById("trials-data");
  if (!source) return;
  trials.table = JSON.parse(source.textContent);
  trials.count = trials.table.workload.length;
  const head = $("#trials-head");
  for (const column of COLUMNS) {
    const button = el("button", { type: "button" }, column.head);
    const heading = el("th", { scope: "col", class: classOf(column) }, button);
    button.addEventListener("click", () => { trials.up = nextOrder(heading, column.left); trials.sort = column.name; showTrials(0); });
    head.append(heading);
  }
  for (const field of ["agent", "backend", "outcome", "cause"]) {
    const select = $(`#filter-${field}`);
    for (const [i, name] of trials.table.names[field].entries()) if (name) select.append(el("option", { value: i }, words(name)));
    select.addEventListener("change", () => showTrials(0));
    if (trials.table.names[field].length < 2) select.closest("label").hidden = true;
  }
  $("#filter-text").addEventListener("input", () => showTrials(0));
  $("#filter-reset").addEventListener("click", () => { resetFilters(); showTrials(0); });
  $("#page-back").addEventListener("click", () => showTrials(trials.page - 1));
  $("#page-next").addEventListener("click", () => showTrials(trials.page + 1));
  showTrials(0);
}

const classOf = (column) => [column.left && "l", column.minor && "p2"].filter(Boolean).join(" ") || null;

function resetFilters() {
  for (const field of ["agent", "backend", "outcome", "cause", "text"]) $(`#filter-${field}`).value = "";
}

/** Numbers of the trials that the filters let through, sorted. */
function filtered() {
  const wanted = ["agent", "backend", "outcome", "cause"].map((field) => [trials.table[field], $(`#filter-${field}`).value]).filter(([, value]) => value !== "");
  const text = $("#filter-text").value.trim().toLowerCase();
  const found = [];
  for (let row = 0; row < trials.count; row += 1) {
    if (wanted.some(([column, value]) => column[row] !== +value)) continue;
    if (text && !searchText(row).includes(text)) continue;
    found.push(row);
  }
  if (trials.sort) {
    const keys = new Map(found.map((row) => [row, valueOf(trials.sort, row)]));
    found.sort((a, b) => compareKeys(keys.get(a), keys.get(b), trials.up) || a - b);
  }
  return found;
}

const searchText = (row) => `${valueOf("workload", row)} ${titleOf(row)} ${valueOf("agent", row)} ${valueOf("backend", row)} ${words(valueOf("outcome", row))} ${words(valueOf("cause", row))}`.toLowerCase();

function showTrials(page) {
  trials.shown = filtered();
  const pages = Math.max(1, Math.ceil(trials.shown.length / PAGE));
  trials.page = Math.min(Math.max(0, page), pages - 1);
  const from = trials.page * PAGE;
  const rows = trials.shown.slice(from, from + PAGE);
  $("#trials-body").replaceChildren(...rows.map(trialRow));
  $("#trials-count").textContent = rows.length
    ? `${format.count(from + 1)} to ${format.count(from + rows.length)} of ${format.count(trials.shown.length)} trials`
    : "no trial matches";
  $("#page-back").disabled = trials.page === 0;
  $("#page-next").disabled = trials.page === pages - 1;
}

function trialRow(row) {
  return el("tr", {}, COLUMNS.map((column) => {
    const value = valueOf(column.name, row);
    const cell = el("td", { class: classOf(column) });
    if (column.name === "workload") cell.append(trialLink(row, value), el("span", { class: "muted" }, ` ${titleOf(row)}${valueOf("repeat", row) ? ` #${valueOf("repeat", row) + 1}` : ""}`));
    else if (column.name === "outcome") cell.append(badge(value), ...causeOf(row));
    else cell.append(column.text ? column.text(value) : value);
    return cell;
  }));
}

/** The name of a trial's task, where it is known. */
const titleOf = (row) => trials.table.titles[valueOf("workload", row).split("/")[0]] ?? "";

const trialLink = (row, text) => el("a", { href: `#trial-${row}` }, text);

function causeOf(row) {
  const [cause, alarms] = [valueOf("cause", row), valueOf("alarms", row)];
  return [cause ? el("span", { class: "muted" }, " " + cause) : "", alarms ? el("span", { class: "mark" }, "alarm") : ""].filter(Boolean);
}

/** Shows the trials of one cell of the heat map, where there are several. */
function showCell(link) {
  const [agent, backend, workload] = ["agent", "backend", "workload"].map((name) => link.dataset[name]);
  resetFilters();
  $("#filter-agent").value = trials.table.names.agent.indexOf(agent);
  $("#filter-backend").value = trials.table.names.backend.indexOf(backend);
  $("#filter-text").value = workload;
  showTrials(0);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-workload]");
  if (link) showCell(link);
});
