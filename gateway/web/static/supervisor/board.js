// The wallboard: figures, queues, agents, live calls, the day by the hour, who gave up.
import { growing, h, icon, lazy, mark } from "../lib/dom.js";
import { count, percent, seconds } from "../lib/format.js";
import { outcomeText, stateOf } from "../lib/calls.js";
import { t } from "../lib/i18n.js";
import { timer } from "../lib/shell.js";
import { callbackRows, giveDialog } from "./callbacks.js";
import { BOARD_STEP, liveTable, listenBar } from "./calls.js";
import { byNeed, byUrgency, isLate, mixOf, nameOf, waitOf } from "./urgency.js";

const SHOWN_AGENTS = 16;
const SHOWN_CALLS = 8;
const SHOWN_CALLBACKS = 6;
const MIX = [["ready", "ready", "Ready"], ["talking", "talking", "On a call"], ["acw", "acw", "Wrap-up"], ["away", "notready", "Not ready"], ["out", "out", "Logged out"]];

export function board(page) {
  const notes = page.notes().flat().filter(Boolean);
  return h(
    "main",
    { key: "board", class: "main board", id: "main", tabindex: "-1", "data-stale": page.isCurrent ? null : true },
    h("h1", { key: "h1", class: "sr" }, t("Wallboard")),
    notes.length > 0 && h("div", { key: "notes", class: "notes" }, notes),
    figures(page),
    queues(page),
    agents(page),
    h("section", { key: "live", class: "card a-live", "aria-label": t("Live calls") }, header(t("Live calls"), h("span", { class: "badge badge-q" }, count(page.floor.calls.size)), all("calls")), liveTable(page, "board", SHOWN_CALLS), listenBar(page)),
    chart(page),
    abandoned(page),
    giveDialog(page),
  );
}

const header = (title, ...more) => h("header", { class: "card-h" }, h("h2", null, title), more);
const all = (section, text = t("All")) => h("a", { key: "all", class: "btn btn-q btn-s end sup1", href: `#${section}` }, text);

function figure(key, { label, value, small, note, tone, shape, optional }) {
  return h(
    "div",
    { key, class: ["kpi", tone && `s-${tone}`, optional && "opt"].filter(Boolean).join(" ") },
    h("dt", null, shape && mark(shape, tone ? "st" : "st s-ready tone"), h("span", null, label)),
    h("dd", null, value, small && h("small", null, small)),
    h("dd", { class: "kpi-n" }, note ?? ""),
  );
}

function figures(page) {
  const { queues, agents, callbacks, today } = page.floor;
  const sum = (of) => queues.reduce((total, queue) => total + (of(queue) ?? 0), 0);
  const waiting = sum((queue) => queue.length);
  const [first] = [...queues].sort((a, b) => waitOf(b) - waitOf(a));
  const late = queues.some(isLate);
  const level = today?.service.level ?? null;
  const goal = today?.service.goal ?? null;
  const offered = today?.totals.offered ?? sum((queue) => queue.today.offered);
  const answered = today?.totals.answered ?? sum((queue) => queue.today.answered);
  const lost = today?.totals.abandoned ?? sum((queue) => queue.today.abandoned);
  const talked = sum((queue) => queue.today.answered);
  const talk = talked ? sum((queue) => (queue.today.average_talk_s ?? 0) * queue.today.answered) / talked : null;
  const [ready, busy, wrapUp, away] = mixOf(agents.values());
  const open = [...callbacks.values()].filter((each) => !each.owner).length;
  const within = new Set(queues.map((queue) => queue.service_level_s));
  return h(
    "dl",
    { key: "kpis", class: "card kpis" },
    figure("waiting", { label: t("Waiting"), value: count(waiting), tone: late ? "bad" : null, shape: late ? "alert" : null, note: waiting ? null : t("Nobody waits") }),
    figure("longest", { label: t("Longest wait"), value: waiting && first.longest_wait_since ? timer(first.longest_wait_since, { until: page.stopped }) : "–", tone: late ? "bad" : null, shape: late ? "alert" : null, note: waiting ? first.name ?? first.queue : null }),
    figure("level", { label: t("Service level"), value: percent(level), small: level === null ? null : "%", tone: level !== null && level < goal ? "warn" : null, shape: level === null ? null : level < goal ? "watch" : "ok", note: goal === null ? null : within.size === 1 ? t("goal {goal}% in {n} s", { goal: percent(goal), n: [...within][0] }) : t("goal {goal}%", { goal: percent(goal) }) }),
    figure("answered", { label: t("Answered"), value: count(answered), note: t("of {n} today", { n: count(offered) }) }),
    figure("abandoned", { label: t("Not reached"), value: offered ? ((lost / offered) * 100).toFixed(1) : "–", small: offered ? "%" : null, note: t("{n} without an owner", { n: count(open) }) }),
    figure("talk", { label: t("Average call"), value: talk === null ? "–" : seconds(talk), optional: true, note: t("talk time") }),
    figure("ready", { label: t("Agents ready"), value: count(ready), small: `/ ${count(ready + busy + wrapUp + away)}`, tone: ready ? "ready" : null, shape: ready ? "ready" : null, note: t("{busy} on a call · {work} wrap-up · {away} not ready", { busy, work: wrapUp, away }) }),
  );
}

function queues(page) {
  const rows = page.steady.rows("queues", byUrgency(page.floor.queues), (row) => `${row.queue.pbx} ${row.queue.queue}`);
  const heads = [["Queue", ""], ["State", "sr-h"], ["Waiting", "n"], ["Longest", "n"], ["Service level, goal marked", ""], ["On a call", "n hide-m"], ["Ready / on", "n"], ["Offered", "n opt hide-m"], ["Gave up", "n opt hide-m"]];
  return h(
    "section",
    { key: "queues", class: "card a-q", "aria-label": t("Queues") },
    header(t("Queues"), h("span", { class: "dim end hide-m" }, t("Sorted by who needs help first"))),
    rows.length
      ? h("div", { key: "table", class: "tblw", tabindex: "0", role: "group", "aria-label": t("Queues") }, h("table", { class: "tbl qs" }, h("thead", null, h("tr", null, heads.map(([text, classes]) => h("th", { key: text, class: classes || null, scope: "col" }, heading(text, classes))))), h("tbody", page.steady.around("queues"), rows.map((row) => queueRow(page, row)))))
      : h("div", { key: "none", class: "empty" }, icon("queue"), h("b", null, page.floor.loaded ? t("No queue yet") : t("Loading")), page.floor.loaded && h("span", null, t("A queue appears here when the telephone system names it."))),
  );
}

function heading(text, classes) {
  if (classes === "sr-h") return h("span", { class: "sr" }, t(text));
  if (!text.startsWith("Service level")) return t(text);
  return [h("span", { key: "long", class: "hide-m" }, t(text)), h("span", { key: "short", class: "only-m" }, t("SL"))];
}

function queueRow(page, { queue, urgency }) {
  const tone = { bad: "bad", warn: "warn", ok: "" }[urgency];
  return lazy(`${queue.pbx} ${queue.queue}`, [queue, urgency, page.stopped], () => {
    const { today, agents } = queue;
    const level = today.service_level;
    const on = Object.entries(agents).filter(([state]) => !["logged_out", "offline"].includes(state)).reduce((total, [, n]) => total + n, 0);
    const talking = (agents.talking ?? 0) + (agents.busy ?? 0) + (agents.reserved ?? 0);
    return h(
      "tr",
      { class: tone ? `s-${tone}` : null },
      h("th", { class: "name", scope: "row", dir: "auto" }, queue.name ?? queue.queue),
      h("td", { class: "stw" }, mark({ bad: "alert", warn: "watch", ok: "ok" }[urgency], tone ? "st tone" : "st s-ready tone"), h("span", { class: "sr" }, t({ bad: "late", warn: "watch", ok: "in time" }[urgency]))),
      h("td", { class: queue.length ? "n w" : "n w zero" }, count(queue.length)),
      h("td", { class: "n lw" }, queue.longest_wait_since ? timer(queue.longest_wait_since, { until: page.stopped }) : h("span", { class: "zero" }, "–")),
      h("td", { class: `sl s-${level !== null && level < queue.service_goal ? "warn" : "talking"}` }, h("div", null, meter(level, queue.service_goal), h("b", null, level === null ? "–" : `${percent(level)}%`))),
      h("td", { class: "n hide-m" }, count(talking)),
      h("td", { class: "n" }, `${count(agents.ready ?? 0)} / ${count(on)}`),
      h("td", { class: "n opt hide-m" }, count(today.offered)),
      h("td", { class: "n opt hide-m" }, count(today.abandoned)),
    );
  });
}

const meter = (level, goal) =>
  h("svg", { class: "meter", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" }, h("rect", { class: "m0", width: "100", height: "6", rx: "1" }), h("rect", { class: "m1", width: String(Math.round((level ?? 0) * 100)), height: "6", rx: "1" }), h("rect", { class: "mt", x: String(goal * 100 - 0.4), y: "-3", width: ".8", height: "12" }));

function agents(page) {
  const everyone = [...page.floor.agents.values()];
  const there = everyone.filter((each) => !["logged_out", "offline"].includes(each.state));
  const rows = page.steady.rows("board-agents", byNeed(there, page.floor).slice(0, SHOWN_AGENTS), (row) => `${row.agent.pbx} ${row.agent.extension}`);
  const counts = mixOf(everyone);
  return h(
    "section",
    { key: "agents", class: "card a-a", "aria-label": t("Agents") },
    header(t("Agents"), h("span", { class: "dim hide-m" }, t("too long in one state: red")), all("agents", t("All {n}", { n: count(everyone.length) }))),
    h("div", { class: "mix" }, MIX.map(([tone, shape, word], index) => h("div", { key: tone, class: `s-${tone}` }, h("b", null, mark(shape), count(counts[index])), h("span", null, t(word))))),
    rows.length
      ? h("ul", { key: "list", class: "ag", ...page.steady.around("board-agents") }, growing("board-agents", rows, page.changed, BOARD_STEP).map(({ agent, long }) => lazy(`${agent.pbx} ${agent.extension}`, [agent, long, page.stopped], () => agentLine(page, agent, long))))
      : h("div", { key: "none", class: "empty" }, icon("people"), h("b", null, page.floor.loaded ? t("Nobody is logged in") : t("Loading"))),
  );
}

function agentLine(page, agent, long) {
  const { mark: shape, tone, word } = stateOf(agent);
  return h(
    "li",
    { class: `s-${tone}${long ? " long" : ""}`, title: t(word) },
    mark(shape),
    h("span", { class: "cut" }, h("span", { class: "sr" }, `${t(word)}: `), h("span", { dir: "auto" }, nameOf(agent)), " ", agent.state === "not_ready" && agent.reason ? h("span", { class: "why", dir: "auto" }, t(agent.reason)) : null),
    timer(agent.since, { until: page.stopped }),
  );
}

function chart(page) {
  return h(
    "section",
    { key: "chart", class: "card a-chart", "aria-label": t("Today by the hour") },
    header(t("Today by the hour")),
    h("div", { class: "chartw", id: "chart" }),
    reasons(page),
  );
}

function reasons(page) {
  const list = page.floor.today?.reasons ?? [];
  return h("ul", { key: "reasons", class: "reasons", "aria-label": t("Not reached, by reason") }, list.slice(0, 4).map((each) => h("li", { key: `${each.outcome} ${each.stage}`, class: "tag" }, `${outcomeText(each.outcome, each.stage)} `, h("b", { class: "num" }, count(each.count)))));
}

/** Put the drawing that the gateway made into its place; nothing is done while it is the same. */
export function adoptChart(page) {
  const place = document.getElementById("chart");
  if (!place || !page.floor.chart || page.shownChart?.place === place && page.shownChart.text === page.floor.chart) return;
  page.shownChart = { place, text: page.floor.chart };
  const drawing = new DOMParser().parseFromString(page.floor.chart, "image/svg+xml").documentElement;
  place.replaceChildren(...(drawing.localName === "svg" ? [document.adoptNode(drawing)] : []));
}

function abandoned(page) {
  const entries = [...page.floor.callbacks.values()];
  const open = entries.filter((each) => !each.owner).length;
  return h(
    "section",
    { key: "abandoned", class: "card a-abn", "aria-label": t("To call back") },
    header(t("To call back"), open > 0 && h("span", { key: "n", class: "badge badge-bad" }, count(open)), open > 0 && h("span", { key: "w", class: "dim" }, t("without an owner")), all("callbacks")),
    callbackRows(page, "board", SHOWN_CALLBACKS),
  );
}

