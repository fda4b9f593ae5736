// Calls that have ended: found by number, name, agent, queue, outcome and day, one after the other or as a table for a spreadsheet.
import { get, query } from "../lib/api.js";
import { h, icon, lazy, words } from "../lib/dom.js";
import { numberOf, phone, seconds, whenExactly } from "../lib/format.js";
import { directionWord, outcomeOf, outcomeText } from "../lib/calls.js";
import { t } from "../lib/i18n.js";
import { wrong } from "../lib/forms.js";
import { nameOf } from "./urgency.js";

const OUTCOMES = ["answered", "abandoned", "no_answer", "busy", "rejected", "unreachable", "failed", "voicemail", "self_served"];
const PAGE = 50;
const DAY_MS = 86_400_000;

/** What the form says as the gateway's filter; days are those of this browser. */
function filterOf(form) {
  const at = (day, more) => (day ? new Date(Date.parse(`${day}T00:00`) + more).toISOString() : null);
  const who = /^\d{1,8}$/.test(form.agent) ? { extension: form.agent } : { agent: form.agent };
  return { number: form.number, name: form.name, ...who, queue: form.queue, outcome: form.outcome, direction: form.direction, since: at(form.from, 0), until: at(form.to, DAY_MS) };
}

export async function readHistory(page, more = false) {
  const { history } = page;
  history.busy = true;
  history.problem = null;
  page.changed();
  try {
    const told = await get(query("/api/v1/calls", { state: "ended", limit: PAGE, ...filterOf(history.form), cursor: more ? history.next : null }));
    history.calls = more ? [...history.calls, ...told.calls] : told.calls;
    history.next = told.next;
  } catch (problem) {
    history.problem = problem;
  }
  history.busy = false;
  page.changed();
}

export function historySection(page) {
  const { history, floor } = page;
  const { form } = history;
  const input = (name, label, more = {}) => h("div", { key: name, class: "field" }, h("label", { for: `h-${name}` }, label), h("input", { class: "in", id: `h-${name}`, name, value: form[name], oninput: (event) => (form[name] = event.target.value.trim()), ...more }));
  const select = (name, label, options) => h("div", { key: name, class: "field" }, h("label", { for: `h-${name}` }, label), h("select", { class: "in", id: `h-${name}`, name, onchange: (event) => (form[name] = event.target.value) }, h("option", { key: "", value: "" }, t("All")), options.map(([value, text]) => h("option", { key: value, value, selected: form[name] === value }, text))));
  const names = [...new Set(floor.queues.map((each) => each.queue))];
  const submit = (event) => {
    event.preventDefault();
    readHistory(page);
  };
  return h(
    "main",
    { key: "history", class: "main column", id: "main", tabindex: "-1" },
    page.notes(),
    h(
      "section",
      { key: "list", class: "card", "aria-label": t("History") },
      h("header", { class: "card-h" }, h("h1", null, t("History")), h("a", { class: "btn btn-s end", href: query("/api/v1/calls.csv", filterOf(form)), download: "calls.csv", onclick: (event) => event.target.closest("a").setAttribute("href", query("/api/v1/calls.csv", filterOf(form))) }, icon("external"), t("Export as CSV"))),
      h("form", { class: "filters", onsubmit: submit, role: "search" }, input("number", t("Number"), { inputmode: "tel", autocomplete: "off" }), input("name", t("Name of the caller"), { autocomplete: "off" }), input("agent", t("Agent or extension"), { list: "h-agents", autocomplete: "off" }), select("queue", t("Queue"), names.map((each) => [each, each])), select("outcome", t("Outcome"), OUTCOMES.map((each) => [each, t(outcomeOf(each).word)])), select("direction", t("Direction"), ["inbound", "outbound", "internal"].map((each) => [each, directionWord(each)])), input("from", t("From"), { type: "date" }), input("to", t("Until"), { type: "date" }), h("button", { class: "btn btn-p", "aria-busy": history.busy ? "true" : null }, icon("search"), t("Search"))),
      h("datalist", { id: "h-agents" }, [...new Set([...floor.agents.values()].map(nameOf))].sort().map((each) => h("option", { key: each, value: each }))),
      wrong(history.problem),
      table(page),
      history.next && h("p", { key: "more", class: "more" }, h("button", { class: "btn", "aria-busy": history.busy ? "true" : null, onclick: () => readHistory(page, true) }, t("Show more"))),
    ),
  );
}

function table(page) {
  const { calls, busy } = page.history;
  if (!calls?.length) return h("div", { key: "none", class: "empty" }, icon("history"), h("b", null, busy || !calls ? t("Loading") : t("No call is found")), calls && !busy && h("span", null, t("With fewer conditions there are more.")));
  const heads = [["When", ""], ["Caller", ""], ["Called", "hide-m"], ["Queue", "hide-m"], ["Agent", "hide-m"], ["Outcome", ""], ["Waited", "n hide-m"], ["Talked", "n"]];
  return h("div", { key: "table", class: "tblw", tabindex: "0", role: "group", "aria-label": t("History") }, h("table", { class: "tbl hist" }, h("thead", null, h("tr", null, heads.map(([text, classes]) => h("th", { key: text, scope: "col", class: classes || null }, t(text))))), h("tbody", null, calls.map((call) => row(page, call)))));
}

const row = (page, call) =>
  lazy(call.call_id, [call], () =>
    h(
      "tr",
      { "data-call": call.call_id },
      h("td", { class: "num" }, h("a", { href: `#call/${call.call_id}` }, whenExactly(call.started_at))),
      h("td", { class: "two" }, words(call.caller_name ? "b" : "span", call.caller_name || numberOf(call)), call.caller_name ? h("span", { class: "num" }, numberOf(call)) : null),
      h("td", { class: "hide-m num dim" }, phone(call.called_e164 ?? call.called ?? "")),
      h("td", { class: "hide-m dim" }, words("span", call.queue ?? "")),
      h("td", { class: "hide-m" }, words("span", agentsOf(page, call))),
      h("td", null, h("span", { class: `tag s-${outcomeOf(call.outcome).tone}` }, outcomeText(call.outcome, call.stage))),
      h("td", { class: "n hide-m" }, seconds(call.wait_s)),
      h("td", { class: "n" }, seconds(call.talk_s)),
    ),
  );

/** Who talked, by name where it is known. */
export const agentsOf = (page, call) => (call.answered_by ?? []).map((each) => (page.floor.agentAt(call.pbx, each) ? nameOf(page.floor.agentAt(call.pbx, each)) : phone(each))).join(", ");

