/* The pane of one trial: opened by the address #trial-N, so that a trial can be linked to and the back button closes it. */

const pane = { number: null, data: null, returnTo: null, attempts: [] };

function startPane() {
  const dialog = $("#pane");
  dialog.addEventListener("close", leaveTrial);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  $("#pane-close").addEventListener("click", () => dialog.close());
  $("#pane-back").addEventListener("click", () => stepTrial(-1));
  $("#pane-next").addEventListener("click", () => stepTrial(1));
  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, [role=tab], pre, .code")) return;
    if (event.key === "ArrowLeft") stepTrial(-1);
    if (event.key === "ArrowRight") stepTrial(1);
  });
  addEventListener("hashchange", followAddress);
  followAddress();
}

function followAddress() {
  const found = /^#trial-(\d+)$/.exec(location.hash);
  if (found && +found[1] < trials.count) openTrial(+found[1]);
  else if ($("#pane").open) $("#pane").close();
  const folded = !found && location.hash.length > 1 ? document.getElementById(location.hash.slice(1))?.closest("details") : null;
  if (folded) { folded.open = true; folded.scrollIntoView(); }
}

function leaveTrial() {
  if (/^#trial-/.test(location.hash)) history.pushState(null, "", "#trials");
  const link = document.querySelector(`#trials-body a[href="#trial-${pane.number}"]`);
  (pane.returnTo?.isConnected ? pane.returnTo : link)?.focus();
  pane.number = pane.returnTo = null;
}

/** The trial before or after this one in the order of the table. */
function stepTrial(by) {
  const at = trials.shown.indexOf(pane.number);
  const next = trials.shown[at + by];
  if (at >= 0 && next !== undefined) location.replace(`#trial-${next}`);
}

async function openTrial(number) {
  const dialog = $("#pane");
  if (!dialog.open) { pane.returnTo = document.activeElement === document.body ? null : document.activeElement; dialog.showModal(); }
  pane.number = number;
  const data = (await chunk(`c${trials.table.chunk[number]}`))[trials.table.index[number]];
  if (pane.number !== number) return; // another one was asked for meanwhile
  pane.data = data;
  pane.attempts = attemptsOf(data);
  const at = trials.shown.indexOf(number);
  $("#pane-back").disabled = at <= 0;
  $("#pane-next").disabled = at < 0 || at + 1 >= trials.shown.length;
  $("#pane-title").replaceChildren(`${data.spec.workload} ${titleOf(number)}`.trim(), " · ", `${data.spec.model} · ${valueOf("backend", number)}`);
  $("#pane-outcome").replaceChildren(badge(valueOf("outcome", number)));
  $("#pane-body").replaceChildren(factsOf(data, number), timelineOf(data), tabsOf(data));
  $("#pane-body").scrollTop = 0;
  dialog.dataset.ready = number;
}

/** The kernels shown to the judge, in order, the final grading last. */
function attemptsOf(data) {
  const found = [];
  for (const [i, step] of data.steps.entries()) {
    if (step.kind !== "evaluation") continue;
    const tool = step.stage === "final" ? "graded" : data.steps[i + 1]?.kind === "tool" ? data.steps[i + 1].name : step.stage;
    found.push({ ...step, tool, step: i });
  }
  if (data.final && !found.some((one) => one.stage === "final")) found.push({ ...data.final, tool: "graded", step: null });
  return found;
}

const outcomeOf = (evaluation) => evaluation.verdict ?? "built";

/* Facts and timeline */

function factsOf(data, number) {
  const final = data.final ?? {};
  const usage = data.usage ?? {};
  const interval = known(final.speedup_low) && final.speedup_low !== final.speedup_high
    ? ` [${final.speedup_low.toFixed(2)}, ${final.speedup_high.toFixed(2)}]` : "";
  const facts = [
    ["speedup", final.speedup ? format.ratio(final.speedup) + interval : null],
    ["cycles", final.cycles ? `${format.count(final.cycles)} (baseline ${format.count(final.baseline_cycles)})` : null],
    ["of the bound", final.bound_share ? `${format.percent(final.bound_share)}, limited by ${final.bound?.limited_by ?? "?"}` : null],
    ["kernels shown", `${data.iterations ?? 0}${data.first_pass ? `, first pass at ${data.first_pass}` : ""}`],
    ["turns / tool calls", `${data.turns ?? 0} / ${data.tool_calls ?? 0}`],
    ["tokens in / out", known(usage.input_tokens) ? `${format.count(usage.input_tokens)} / ${format.count(usage.output_tokens)}` : null],
    ["cost", known(data.cost) ? format.money(data.cost) : "unknown"],
    ["model / tools", `${format.seconds(data.model_seconds ?? 0)} / ${format.seconds(data.tool_seconds ?? 0)}`],
    ["repeat", data.spec.repeat ? data.spec.repeat + 1 : null],
    ["status", data.status === "graded" ? null : words(data.status)],
    ["class", words(valueOf("cause", number)) || null],
    ["run", trials.table.names.run.length > 1 ? data.run : null],
  ];
  const sentences = [final.summary, data.detail, ...(final.alarms ?? []).map((alarm) => `alarm: ${alarm}`)].filter(Boolean);
  return el("section", { class: "card" },
    el("dl", { class: "facts" }, facts.filter(([, value]) => known(value)).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    sentences.map((text) => el("p", { class: "sentence" }, text)));
}

function timelineOf(data) {
  const parts = data.steps.map((step, i) => {
    if (step.kind === "reply") return { kind: "model", label: "model", seconds: step.seconds ?? 0, step: i };
    if (step.kind === "tool") {
      const judged = data.steps[i - 1]?.kind === "evaluation" ? outcomeOf(data.steps[i - 1]) : null;
      const kind = judged ? outcomeClass(judged) : "plain";
      return { kind: kind === "warn" ? "bad" : kind, label: step.name + (judged ? `: ${words(judged)}` : ""), seconds: step.seconds ?? 0, step: i };
    }
    if (step.kind === "evaluation" && step.stage === "final") return { kind: "grade", label: `final grading: ${words(outcomeOf(step))}`, seconds: step.seconds ?? 0, step: i };
    return null;
  }).filter(Boolean);
  if (!parts.length) return el("p", { class: "note" }, "Of this trial only the record was kept, no transcript.");
  const total = parts.reduce((sum, part) => sum + part.seconds, 0);
  const kinds = [["model", "model"], ["good", "tool: passed"], ["bad", "tool: failed"], ["plain", "other tool"], ["grade", "grading"]];
  return el("section", { "aria-label": "Timeline" },
    el("div", { class: "row" }, el("strong", {}, "Timeline"), el("span", { class: "muted" }, `${parts.length} steps, ${format.seconds(total)} of model and tools; widths follow the time of a step`)),
    el("div", { class: "timeline", role: "group", "aria-label": "Steps in order" }, parts.map((part) => {
      const label = `${part.label}, ${format.seconds(part.seconds)}`;
      return el("button", { type: "button", class: part.kind, title: label, "aria-label": label, style: { "--t": total ? 100 * Math.max(part.seconds / total, 0.005) : 1 }, onclick: () => showStep(part.step) });
    })),
    el("ul", { class: "legend" }, kinds.filter(([kind]) => parts.some((part) => part.kind === kind)).map(([kind, text]) => el("li", { class: "key" }, el("span", { class: `chip ${kind}` }), text))));
}

function showStep(index) {
  chooseTab("transcript");
  const turn = document.getElementById(`step-${index}`);
  turn?.scrollIntoView({ block: "start" });
  turn?.classList.add("lit");
  setTimeout(() => turn?.classList.remove("lit"), 1500);
}

/* Tabs */

const TABS = [
  ["transcript", "Transcript", transcriptOf],
  ["kernels", "Kernels", kernelsOf],
  ["errors", "Errors", errorsOf],
  ["cycles", "Cycles", cyclesOf],
  ["record", "Record", recordOf],
];

function tabsOf(data) {
  const list = el("div", { class: "tabs", role: "tablist", "aria-label": "Views of the trial" });
  const panel = el("div", { id: "tab-panel", role: "tabpanel", tabindex: "0" });
  for (const [name, title] of TABS) {
    if (name === "transcript" && !data.steps.length) continue;
    list.append(el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "tab-panel", "data-tab": name, onclick: () => chooseTab(name) }, title));
  }
  list.addEventListener("keydown", (event) => {
    const tabs = [...list.children];
    const at = tabs.indexOf(document.activeElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const tab = tabs[(next + tabs.length) % tabs.length];
    chooseTab(tab.dataset.tab);
    tab.focus();
  });
  const wrapper = el("section", {}, list, panel);
  queueMicrotask(() => chooseTab(list.children[0].dataset.tab));
  return wrapper;
}

function chooseTab(name, ...rest) {
  for (const tab of $$("[role=tab]")) {
    tab.setAttribute("aria-selected", tab.dataset.tab === name);
    tab.tabIndex = tab.dataset.tab === name ? 0 : -1;
  }
  const panel = $("#tab-panel");
  panel.setAttribute("aria-labelledby", `tab-${name}`);
  panel.replaceChildren(TABS.find(([other]) => other === name)[2](pane.data, ...rest));
}

/* Transcript */

function transcriptOf(data) {
  const turns = [];
  for (let i = 0; i < data.steps.length; i += 1) {
    const step = data.steps[i];
    if (step.kind === "prompt") turns.push(promptTurn(step, i));
    if (step.kind === "reply") turns.push(replyTurn(step, i));
    if (step.kind === "tool") turns.push(toolTurn(step, data.steps[i - 1]?.kind === "evaluation" ? data.steps[i - 1] : null, i));
    if (step.kind === "evaluation" && step.stage === "final") turns.push(gradeTurn(step, i));
    if (step.kind === "note") turns.push(turnOf("plain", i, "Note", [], el("pre", { tabindex: "0" }, JSON.stringify(step.data, null, 1))));
  }
  return el("div", {}, turns);
}

function turnOf(kind, index, title, facts, ...content) {
  return el("article", { class: `turn ${kind}`, id: `step-${index}` },
    el("header", {}, el("strong", {}, title), facts.filter(Boolean).map((fact) => (fact instanceof Node ? fact : el("span", { class: "muted" }, fact)))), content);
}

function promptTurn(step, index) {
  const parts = [["System", step.system], ...step.messages.map((message) => [message.role === "user" ? "Task and manual" : words(message.role), message.text])];
  const tools = step.tools.map((tool) => tool.name).join(", ");
  return turnOf("plain", index, "Prompt", [tools && `tools: ${tools}`], parts.map(([title, places]) => unfolding(title, places)));
}

/** A folded text that is unpacked when it is opened. */
function unfolding(title, places) {
  const text = el("pre", { tabindex: "0" }, "…");
  const details = el("details", {}, el("summary", {}, title), text);
  details.addEventListener("toggle", async () => { if (details.open) text.textContent = await textAt(places); }, { once: true });
  return details;
}

function replyTurn(step, index) {
  const facts = [
    known(step.output) && `${format.count(step.input)} tokens in, ${format.count(step.output)} out`, step.cost ? format.money(step.cost) : null,
    step.seconds ? format.seconds(step.seconds) : null, step.stop && !["end", "tool_calls"].includes(step.stop) && badge(step.stop),
  ];
  return turnOf("model", index, "Model", facts,
    (step.retries ?? []).map((retry) => el("p", { class: "note" }, `retried: ${retry}`)),
    step.reasoning && el("details", {}, el("summary", {}, "Reasoning"), el("pre", { tabindex: "0" }, step.reasoning)),
    step.text && el("p", {}, step.text), (step.calls ?? []).map(callOf));
}

function callOf(call) {
  const rest = call.arguments ? JSON.stringify(call.arguments) : "";
  const parts = [el("code", {}, call.name), rest && ` ${rest}`];
  if (known(call.kernel)) parts.push(" ", kernelLink(call.kernel), ...changeOf(call.kernel));
  if (known(call.raw)) parts.push(el("pre", { tabindex: "0" }, call.raw), el("p", { class: "note" }, call.error ?? "not an object"));
  return el("div", { class: "call" }, parts);
}

const kernelLink = (kernel) => el("button", { type: "button", class: "link", onclick: () => chooseTab("kernels", { kernel }) }, `kernel ${kernel + 1}`);

/** What is new in a kernel against the one before it, folded. */
function changeOf(kernel) {
  const after = pane.data.kernels[kernel].split("\n");
  if (kernel === 0) return [el("span", { class: "muted" }, ` ${after.length} lines`)];
  const edits = diffLines(pane.data.kernels[kernel - 1].split("\n"), after);
  const { added, removed } = editSize(edits);
  const details = el("details", {}, el("summary", {}, `+${added} −${removed} lines against kernel ${kernel}`));
  details.addEventListener("toggle", () => details.append(diffTable(edits, 2)), { once: true });
  return [details];
}

function toolTurn(step, judged, index) {
  const kind = judged ? outcomeClass(outcomeOf(judged)) : step.is_error || step.problem ? "bad" : "plain";
  const facts = [judged && badge(outcomeOf(judged)), step.problem && badge("problem", step.problem), step.seconds ? format.seconds(step.seconds) : null, judged && known(judged.kernel) && kernelLink(judged.kernel)];
  return turnOf(kind === "warn" ? "bad" : kind, index, step.name, facts, step.text && el("pre", { tabindex: "0" }, step.text));
}

function gradeTurn(step, index) {
  return turnOf("grade", index, "Final grading", [badge(outcomeOf(step)), step.seconds ? format.seconds(step.seconds) : null, known(step.kernel) && kernelLink(step.kernel)],
    el("p", {}, step.summary ?? ""));
}

/* Record */

function recordOf(data) {
  const rows = Object.entries({ "judge it again": data.verify, id: data.id, run: data.run, started: data.started_at, models: data.model_ids?.join(", "), sandbox: data.final?.sandbox, "kernel (SHA-256)": data.final?.digest, ...data.digests });
  const { steps, kernels, ...rest } = data;
  return el("div", {},
    el("table", { class: "facts-table" }, el("tbody", {}, rows.filter(([, value]) => value).map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, el("code", {}, value)))))),
    el("details", {}, el("summary", {}, "The record as JSON"), el("pre", { tabindex: "0" }, JSON.stringify(rest, null, 1))));
}
