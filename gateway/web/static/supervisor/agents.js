// All agents with their states, and what a supervisor may change: a break, its end, and which queues somebody serves.
import { command, path } from "../lib/api.js";
import { growing, h, icon, lazy, mark, words } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { STATES, stateOf, stateText } from "../lib/calls.js";
import { t } from "../lib/i18n.js";
import { timer } from "../lib/shell.js";
import { refusal } from "./calls.js";
import { keyOf } from "./floor.js";
import { byNeed, nameOf } from "./urgency.js";

const REASONS = ["Break", "Lunch", "Training", "Back office"];
const SHOWN = 100; // who is not among them is found by his name

export function agentsSection(page) {
  const { floor, ui } = page;
  const wanted = ui.agents.find.toLowerCase();
  const found = [...floor.agents.values()].filter((each) => (!ui.agents.state || each.state === ui.agents.state) && (!wanted || `${nameOf(each)} ${each.extension} ${each.queues.join(" ")}`.toLowerCase().includes(wanted)));
  const rows = page.steady.rows("agents", byNeed(found, floor).slice(0, SHOWN), ({ agent }) => keyOf(agent));
  const set = (change) => page.set({ ui: { ...page.ui, agents: { ...page.ui.agents, ...change } } });
  return h(
    "main",
    { key: "agents", class: "main column", id: "main", tabindex: "-1", "data-stale": page.isCurrent ? null : true },
    page.notes(),
    h(
      "section",
      { key: "list", class: "card", "aria-label": t("Agents") },
      h(
        "header",
        { class: "card-h find" },
        h("h1", null, t("Agents")),
        h("span", { class: "badge badge-q" }, count(found.length)),
        h("input", { class: "in end", type: "search", "aria-label": t("Find an agent"), placeholder: t("Find an agent"), value: ui.agents.find, oninput: (event) => set({ find: event.target.value }) }),
        h("select", { class: "in", "aria-label": t("State"), onchange: (event) => set({ state: event.target.value }) }, h("option", { key: "", value: "" }, t("All states")), Object.entries(STATES).map(([state, { word }]) => h("option", { key: state, value: state, selected: ui.agents.state === state }, t(word)))),
      ),
      rows.length
        ? h("div", { key: "table", class: "tblw", tabindex: "0", role: "group", "aria-label": t("Agents") }, h("table", { class: "tbl people" }, h("thead", null, h("tr", null, ["Agent", "State", "Time", "Queues", "Change"].map((each) => h("th", { key: each, scope: "col", class: { Time: "n", Queues: "hide-m", Change: "n" }[each] ?? null }, each === "Change" ? h("span", { class: "sr" }, t(each)) : t(each))))), h("tbody", page.steady.around("agents"), growing("agents", rows, page.changed).map((row) => agentRow(page, row)))))
        : h("div", { key: "none", class: "empty" }, icon("people"), h("b", null, floor.loaded ? t("No agent is found") : t("Loading"))),
      found.length > SHOWN && h("p", { key: "more", class: "dim more" }, t("{n} more: find them by name, number or state", { n: count(found.length - SHOWN) })),
    ),
    page.ui.agent && changeDialog(page, floor.agents.get(page.ui.agent)),
  );
}

function agentRow(page, { agent, long }) {
  return lazy(keyOf(agent), [agent, long, page.stopped, page.isCurrent], () =>
    h(
      "tr",
      { class: `s-${stateOf(agent).tone}`, "data-agent": agent.extension },
      h("td", { class: "two" }, words("b", nameOf(agent)), h("span", { class: "num" }, agent.extension)),
      h("td", null, h("span", { class: "row" }, mark(stateOf(agent).mark, "st tone"), words("span", stateText(agent)))),
      h("td", { class: long ? "n bad b" : "n" }, timer(agent.since, { until: page.stopped })),
      h("td", { class: "hide-m dim" }, words("span", agent.queues.join(", "))),
      h("td", { class: "n" }, h("button", { class: "btn btn-s", disabled: page.isCurrent ? null : true, "aria-label": `${t("Change")}: ${nameOf(agent)}`, onclick: () => page.set({ ui: { ...page.ui, agent: keyOf(agent) } }) }, t("Change"))),
    ),
  );
}

function changeDialog(page, agent) {
  if (!agent) return null;
  const close = () => {
    page.forget("agent");
    page.set({ ui: { ...page.ui, agent: null } });
  };
  const known = page.floor.queues.filter((each) => each.pbx === agent.pbx);
  const ask = (what, body = {}) => page.ask(`agent ${what} ${body.reason ?? ""}`, "agent", () => command(path`/api/v1/agents/${agent.extension}/` + what, { pbx: agent.pbx, ...body }));
  const button = (text, what, body, more = {}) => h("button", { key: text, class: "btn", "aria-busy": page.asking.has(`agent ${what} ${body?.reason ?? ""}`) ? "true" : null, disabled: page.isCurrent ? null : true, onclick: () => ask(what, body), ...more }, text);
  const { mark: shape, tone } = stateOf(agent);
  const isPaused = agent.state === "not_ready" || agent.memberships.some((each) => each.paused);
  return h(
    "dialog",
    { key: "change", id: "dialog", "aria-labelledby": "change-h", onclose: close },
    h(
      "div",
      { class: "ask" },
      h("header", { class: "row" }, h("h2", { id: "change-h", class: "grow cut", dir: "auto" }, `${nameOf(agent)} · ${agent.extension}`), h("button", { class: "btn-i", "aria-label": t("Close"), onclick: () => document.getElementById("dialog").close() }, icon("x"))),
      h("p", { class: `row s-${tone}`, role: "status" }, mark(shape, "st tone"), stateText(agent), timer(agent.since, { until: page.stopped, classes: "dim" })),
      refusal(page, "agent"),
      h("h3", { class: "cap" }, t("State")),
      h("div", { class: "row wrap" }, isPaused ? button(t("Ready again"), "resume", {}, { class: "btn btn-go" }) : null, REASONS.map((reason) => button(t("Not ready: {reason}", { reason: t(reason) }), "pause", { reason }))),
      known.length > 0 && h("h3", { key: "queues-h", class: "cap" }, t("Queues")),
      h("ul", { class: "serves" }, known.map(({ queue, name }) => {
        const serves = agent.queues.includes(queue);
        const what = path`queues/${queue}/` + (serves ? "log-out" : "log-in");
        return h("li", { key: queue, class: "row" }, words("span", name ?? queue, "grow cut"), h("span", { class: "dim" }, serves ? t("serves it") : t("does not")), button(serves ? t("Take out") : t("Let serve"), what, {}, { class: "btn btn-s", "aria-label": `${serves ? t("Take out") : t("Let serve")}: ${name ?? queue}` }));
      })),
    ),
  );
}
