/* Views of a trial's kernels, errors and cycles. */

/* Kernels: every attempt, its difference to an earlier one, or its source with what each line cost. */

function kernelsOf(data, wanted = {}) {
  const attempts = pane.attempts.filter((one) => known(one.kernel));
  if (!attempts.length) {
    if (!data.kernels.length) return el("p", { class: "note" }, "No kernel was written, or its text was not kept.");
    return sourceTable(data.kernels[0], { });
  }
  const first = attempts.findIndex((one) => one.kernel === wanted.kernel);
  const view = el("div", {});
  const list = el("ol", { class: "attempts" });
  const show = (index, base) => {
    for (const [i, button] of $$("button", list).entries()) button.setAttribute("aria-current", i === index);
    view.replaceChildren(kernelView(attempts, index, base, (other) => show(index, other)));
  };
  for (const [i, one] of attempts.entries()) {
    const same = i > 0 && attempts[i - 1].kernel === one.kernel;
    list.append(el("li", {}, el("button", { type: "button", onclick: () => show(i) }, el("span", { class: "muted" }, i + 1), el("code", {}, one.tool), badge(outcomeOf(one)),
      one.speedup ? format.ratio(one.speedup) : null, same && el("span", { class: "muted" }, "same text"))));
  }
  show(Math.max(0, wanted.kernel === undefined ? attempts.length - 1 : first));
  return el("div", { class: "kernels" }, el("nav", { "aria-label": "Kernels shown to the judge" }, list), view);
}

/** The last attempt before this one with another text; null for the first text. */
function earlier(attempts, index) {
  for (let i = index - 1; i >= 0; i -= 1) if (attempts[i].kernel !== attempts[index].kernel) return i;
  return null;
}

function kernelView(attempts, index, base, choose) {
  const one = attempts[index];
  const text = pane.data.kernels[one.kernel];
  const profile = profileOf(one.kernel);
  if (base === undefined) base = profile ? null : earlier(attempts, index);
  const select = el("select", { id: "diff-base" }, el("option", { value: "" }, profile ? `nothing: source with ${profile.unit}` : "nothing: source"),
    attempts.map((other, i) => (other.kernel === one.kernel ? null : el("option", { value: i, selected: i === base }, `${i + 1} ${other.tool}: ${words(outcomeOf(other))}`))));
  select.addEventListener("change", () => choose(select.value === "" ? null : +select.value));
  const copy = el("button", { type: "button", class: "button", onclick: () => navigator.clipboard?.writeText(text).then(() => { copy.textContent = "Copied"; }) }, "Copy source");
  const body = base === null ? sourceTable(text, { profile, evaluation: one }) : diffTable(diffLines(pane.data.kernels[attempts[base].kernel].split("\n"), text.split("\n")), 3);
  return el("div", {}, el("div", { class: "row" }, el("label", { for: "diff-base" }, "compare with"), select, copy), el("p", { class: "sentence" }, one.summary ?? ""), body);
}

/** The profile of a kernel, from whichever attempt asked for one. */
const profileOf = (kernel) => pane.attempts.findLast((one) => one.kernel === kernel && one.profile)?.profile ?? null;

/** A source, beside each line what it cost, below it what was said about it. */
function sourceTable(text, { profile = null, evaluation = {} }) {
  const cost = new Map((profile?.lines ?? []).map((line) => [line.line, line]));
  const most = Math.max(1, ...[...cost.values()].map((line) => line.cycles));
  const remarks = remarksOf(evaluation);
  const rows = [];
  for (const [i, line] of text.split("\n").entries()) {
    rows.push(el("tr", {}, el("td", { class: "no" }, i + 1), profile && costCell(cost.get(i + 1), most, profile), el("td", {}, line || " ")));
    for (const remark of remarks.get(i + 1) ?? []) rows.push(el("tr", { class: "said" }, el("td", { colspan: profile ? 3 : 2 }, remark)));
  }
  const heads = [el("th", { scope: "col" }, "line"), profile && el("th", { scope: "col" }, `${profile.unit} (${format.count(profile.total)} in all)`), el("th", { scope: "col", class: "l" }, "source")];
  return codeBox(el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows)), "Source");
}

function costCell(line, most, profile) {
  if (!line) return el("td", { class: "cy" });
  const causes = Object.entries(line.causes ?? {}).filter(([, n]) => n).map(([name, n]) => `${words(name)} ${format.count(n)}`).join(", ");
  const title = [known(line.count) && `executed ${format.count(line.count)} times`, causes].filter(Boolean).join("; ");
  return el("td", { class: "cy", title }, el("i", { style: { "--w": `${(100 * line.cycles) / most}%` } }), el("span", {}, `${format.count(line.cycles)}  ${((100 * line.cycles) / Math.max(1, profile.total)).toFixed(1).padStart(4)}%`));
}

/** What the build or a trap said, by line. */
function remarksOf(evaluation) {
  const found = new Map();
  const add = (line, text) => found.set(line, [...(found.get(line) ?? []), text]);
  for (const one of evaluation.diagnostics ?? []) if (one.line) add(one.line, `${one.severity}: ${one.message}${one.hint ? ` (${one.hint})` : ""}`);
  if (evaluation.fault?.line) add(evaluation.fault.line, `fault: ${evaluation.fault.message}`);
  return found;
}

const codeBox = (table, label) => el("div", { class: "code", tabindex: "0", role: "group", "aria-label": label }, table);

/** Edits as a table; long stretches without a change are folded to a count. */
function diffTable(edits, context) {
  const near = new Set();
  for (const [i, [kind]] of edits.entries()) if (kind !== " ") for (let j = i - context; j <= i + context; j += 1) near.add(j);
  const rows = [];
  let skipped = 0;
  const gap = () => { if (skipped) rows.push(el("tr", { class: "gap" }, el("td", { colspan: 4 }, `${skipped} unchanged line${skipped > 1 ? "s" : ""}`))); skipped = 0; };
  for (const [i, [kind, line, before, after]] of edits.entries()) {
    if (!near.has(i)) { skipped += 1; continue; }
    gap();
    rows.push(el("tr", { class: { "+": "add", "-": "del", " ": null }[kind] }, el("td", { class: "no" }, known(before) ? before + 1 : ""), el("td", { class: "no" }, known(after) ? after + 1 : ""),
      el("td", { class: "sign" }, kind === "-" ? "−" : kind), el("td", {}, line || " ")));
  }
  gap();
  if (near.size === 0) return el("p", { class: "note" }, "The texts are the same.");
  return codeBox(el("table", {}, el("tbody", {}, rows)), "Difference");
}

/* Errors: what the judge complained about, attempt by attempt, the last first. */

function errorsOf() {
  const failed = pane.attempts.map((one, i) => ({ ...one, number: i + 1 })).filter((one) => one.verdict && one.verdict !== "passed").reverse();
  if (!failed.length) return el("p", { class: "note" }, "No kernel of this trial failed.");
  return el("div", {}, failed.map((one) => el("section", { class: "turn bad" },
    el("header", {}, el("strong", {}, `${one.number}. ${one.tool}`), badge(one.verdict), known(one.kernel) && kernelLink(one.kernel)),
    el("p", {}, one.summary ?? ""), faultOf(one.fault), diagnosticsOf(one.diagnostics), (one.mismatches ?? []).map(mismatchOf))));
}

function faultOf(fault) {
  if (!fault) return null;
  const facts = ["cause", "line", "pc", "operand", "address", "limit"].filter((name) => known(fault[name]) && fault[name] !== "");
  return el("dl", { class: "facts" }, facts.map((name) => el("div", {}, el("dt", {}, name), el("dd", {}, words(fault[name])))));
}

function diagnosticsOf(diagnostics) {
  return (diagnostics ?? []).map((one) => el("pre", { tabindex: "0" }, `${one.line ? `line ${one.line}${one.column ? `:${one.column}` : ""}: ` : ""}${one.severity}: ${one.message}${one.snippet ? `\n  ${one.snippet}` : ""}${one.hint ? `\n  ${one.hint}` : ""}`));
}

function mismatchOf(mismatch) {
  const shape = mismatch.shape;
  const sentence = `Output ${mismatch.output} on ${mismatch.inputs}: ${format.count(mismatch.wrong)} of ${format.count(mismatch.total)} elements wrong${mismatch.pattern ? ` (${mismatch.pattern})` : ""}.`;
  const kind = shape ? `${words(shape.kind)}, ${words(shape.place)}${known(shape.worst) ? `; at worst ${format.count(shape.worst)} times the tolerance` : ""}` : "";
  return el("div", {}, el("p", {}, sentence), el("div", { class: "two" },
    shape?.map?.length ? el("figure", { style: { margin: 0 } }, errorMap(shape.map, `Map of the wrong elements of ${mismatch.output}: ${kind}`), el("figcaption", { class: "note" }, `${kind}. A cell is a part of the output: green is right, the redder the more of it is wrong.`)) : null,
    examplesOf(mismatch.examples ?? [])));
}

/** The map of an error: rows of digits, 0 right to 9 all wrong. */
function errorMap(rows, label) {
  const cells = rows.flatMap((row) => [...row].map((digit) => el("i", +digit ? { class: "wrong", style: { "--e": `${20 + (80 * digit) / 9}%` } } : {})));
  return el("div", { class: "errormap", role: "img", "aria-label": label, style: { "--n": rows[0].length } }, cells);
}

function examplesOf(examples) {
  if (!examples.length) return null;
  const heads = ["index", "expected", "got", "error", "allowed"];
  const number = (x) => (typeof x === "number" ? Number(x.toPrecision(6)).toString() : x);
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Wrong elements" }, el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, examples.map((one) => el("tr", {}, el("td", {}, `[${one.index.join(", ")}]`), heads.slice(1).map((name) => el("td", {}, number(one[name]))))))));
}

/* Cycles: where they went, of the last attempt that tells. */

function cyclesOf() {
  const attempts = pane.attempts.map((one, i) => ({ ...one, number: i + 1 })).filter((one) => one.profile || Object.keys(one.counters ?? {}).length);
  if (!attempts.length) return el("p", { class: "note" }, "Nothing was counted: no kernel of this trial ran to its end.");
  const view = el("div", {});
  const select = el("select", { id: "cycles-of" }, attempts.map((one, i) => el("option", { value: i }, `${one.number} ${one.tool}: ${words(outcomeOf(one))}`)));
  const best = attempts.findLastIndex((one) => one.profile);
  select.value = best >= 0 ? best : attempts.length - 1;
  const show = () => view.replaceChildren(cyclesView(attempts[+select.value]));
  select.addEventListener("change", show);
  show();
  return el("div", {}, el("div", { class: "row" }, el("label", { for: "cycles-of" }, "attempt"), select), view);
}

function cyclesView(one) {
  const counters = Object.entries({ ...one.counters, ...one.metrics });
  const named = (prefix) => counters.filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]);
  const stalls = Object.entries(one.profile?.causes ?? {}).length ? Object.entries(one.profile.causes) : named("stall.");
  const busy = Object.entries(one.profile?.occupancy ?? {}).length ? Object.entries(one.profile.occupancy) : one.cycles ? named("busy.").map(([name, value]) => [name, value / one.cycles]) : [];
  const rest = counters.filter(([name]) => !/^(stall|busy)\./.test(name));
  const total = stalls.reduce((sum, [, value]) => sum + value, 0);
  const light = one.bound ? el("p", {}, `Bound: ${format.count(one.bound.cycles)} cycles${one.bound.estimate ? " (an estimate)" : ""}, set by ${one.bound.limited_by}. `, el("code", {}, one.bound.formula)) : null;
  return el("div", {},
    light, el("div", { class: "two" },
      stalls.length > 0 && bars("Where the time went", stalls, total, (value) => `${format.count(value)} (${format.percent(total ? value / total : 0)})`, "var(--s1)"),
      busy.length > 0 && bars("How busy the units were", busy, 1, format.percent, "var(--s2)"),
      rest.length > 0 && el("div", {}, el("h3", {}, "Counted"), el("table", { class: "bars" }, el("tbody", {}, rest.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, words(name)), el("td", {}, format.count(value)))))))),
    one.profile?.lines?.length ? el("p", { class: "row" }, el("button", { type: "button", class: "button", onclick: () => chooseTab("kernels", { kernel: one.kernel }) }, "Show the source with the cost of each line")) : null);
}

function bars(title, rows, total, text, colour) {
  const sorted = [...rows].sort((a, b) => b[1] - a[1]);
  return el("div", {}, el("h3", {}, title), el("table", { class: "bars" }, el("tbody", {}, sorted.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, words(name)),
    el("td", { class: "bar" }, el("i", { style: { "--w": `${Math.min(100, (100 * value) / (total || 1))}%`, "--c": colour } })), el("td", {}, text(value)))))));
}

startTheme();
startSorting();
startLazyTables();
startBackends();
startSections();
startTips();
startTrials();
if (trials.table) startPane();
document.documentElement.dataset.ready = "";
