// Between calls: one's own state, the day so far, the last calls; and the pages of colleagues and history.
import { get, query } from "../lib/api.js";
import { growing, h, icon, lazy, mark, words } from "../lib/dom.js";
import { phone, seconds, when } from "../lib/format.js";
import { outcomeText, stateOf, stateText } from "../lib/calls.js";
import { t } from "../lib/i18n.js";
import { timer } from "../lib/shell.js";
import { colleagues, dialable, nameOf, whyOf } from "./people.js";
import { ready } from "./states.js";
import { dialBox } from "./dial.js";

const LAST = 8;
const PAGE = 50;
const SHOWN_COLLEAGUES = 200;

export function idle(page) {
  const { agent } = page.desk;
  // The call that rings is about to stand here: what goes does not move before.
  const isReady = ["ready", "reserved"].includes(agent?.state);
  const { tone, mark: shape } = stateOf(isReady ? { ...agent, state: "ready" } : agent ?? { state: "logged_out" });
  return h(
    "div",
    { key: "idle", class: "idle" },
    dialBox(page, "dial-2", "dial only-m"),
    h(
      "section",
      { class: "card ready-card" },
      h(
        "div",
        { class: `big s-${tone}` },
        mark(shape),
        h("div", null, h("h1", null, isReady ? t("Ready for the next call") : agent ? stateText(agent) : t("Logged out")), h("p", { class: "mut" }, waitingText(page))),
        page.isCurrent && agent && ["not_ready", "after_call_work"].includes(agent.state) && h("button", { key: "go", class: "btn btn-go btn-l end", "aria-busy": page.actions.isBusy("agent", "resume") ? "true" : null, onclick: () => ready(page) }, mark("ready"), t("Go Ready")),
      ),
      stats(page),
    ),
    lastCalls(page, LAST),
  );
}

function waitingText(page) {
  const queues = [...page.desk.waiting].filter(([, calls]) => calls.size);
  if (!page.desk.queues.length) return t("You serve no queue: callers reach you at your extension alone.");
  if (!queues.length) return t("Nobody waits in your queues.");
  return queues.map(([queue, calls]) => t("{n} wait in {queue}", { n: calls.size, queue })).join(" · ");
}

function stats(page) {
  const today = page.historyToday();
  const ours = today ?? [];
  const talked = ours.filter((call) => call.answered_by.includes(page.me.extension) || (call.caller === page.me.extension && call.outcome === "answered"));
  const missed = ours.filter((call) => call.rang.includes(page.me.extension) && !call.answered_by.includes(page.me.extension));
  const average = talked.length ? talked.reduce((sum, call) => sum + (call.talk_s ?? 0), 0) / talked.length : null;
  const entry = (what, value) => h("div", { key: what }, h("dt", null, what), h("dd", { class: "num" }, today ? value : "–"));
  return h("dl", { key: "stats", class: "stats" }, entry(t("Talked today"), String(talked.length)), entry(t("Talking, on average"), average === null ? "–" : seconds(average)), entry(t("Rang, not answered"), String(missed.length)), entry(t("To call back"), String(page.desk.callbacks.size)));
}

/** The last calls of this telephone; read when they are first shown and after each call. */
export async function readHistory(page) {
  const found = await get(query("/api/v1/calls", { extension: page.me.extension, pbx: page.me.pbx, state: "ended", limit: PAGE }));
  return found.calls;
}

function lastCalls(page, limit) {
  const calls = page.history;
  return h(
    "section",
    { key: "last", class: "card" },
    h("header", { class: "card-h" }, h("h2", null, t("Your last calls")), limit === LAST && h("button", { key: "all", class: "btn btn-q btn-s end", onclick: () => page.view("history") }, t("All of them"))),
    calls === null
      ? h("p", { key: "loading", class: "dim pad", role: "status" }, t("Loading"))
      : calls.length === 0
        ? h("div", { key: "none", class: "empty small" }, icon("history"), h("b", null, t("No call yet")), h("p", null, t("Each call of your telephone appears here when it is over.")))
        : h(
            "table",
            { key: "table", class: "tbl calls" },
            h("thead", { class: "sr" }, h("tr", null, [t("Way"), t("Who"), t("What became of it"), t("Length"), t("When"), t("Call")].map((text) => h("th", { key: text, scope: "col" }, text)))),
            h("tbody", null, calls.slice(0, limit).map((call) => lazy(call.call_id, [call.version, page.isCurrent, page.desk.colleagues.size > 0], () => row(page, call)))),
          ),
  );
}

function row(page, call) {
  const own = call.caller === page.me.extension;
  const raw = own ? call.called_e164 ?? call.called : call.caller_e164 ?? call.caller;
  const name = page.desk.colleagues.get(raw)?.name ?? (own ? null : call.caller_name);
  const talked = own ? call.outcome === "answered" : call.answered_by.includes(page.me.extension);
  const text = talked ? call.queue ?? t("Answered") : call.outcome === "answered" ? t("Answered by {name}", { name: call.answered_by.map((each) => nameOf(page.desk, each)).join(", ") }) : outcomeText(call.outcome, null);
  return h(
    "tr",
    { key: call.call_id },
    h("td", null, icon(!talked ? "phone-missed" : own ? "phone-out" : "phone-in", talked ? "i" : "i bad")),
    h("td", { class: "cut" }, words("b", name ?? (raw ? phone(raw) : t("Number withheld"))), name && raw && h("span", { class: "num dim hide-m" }, ` ${phone(raw)}`)),
    h("td", { class: "hide-m" }, h("span", { class: talked ? "tag" : "tag s-bad" }, text)),
    h("td", { class: "n" }, talked ? seconds(call.talk_s) : "–"),
    h("td", { class: "n dim" }, call.ended_at ? when(call.ended_at) : "–"),
    h("td", { class: "n" }, raw && dialable(raw) ? h("button", { class: "btn-i btn-i-s", disabled: page.isCurrent ? null : true, "aria-label": `${t("Call")}: ${name ?? phone(raw)}`, title: t("Call"), onclick: () => page.dial(raw) }, icon("phone-out")) : null),
  );
}

export const history = (page) => h("div", { key: "history", class: "idle" }, h("h1", { class: "sr" }, t("History")), lastCalls(page, PAGE));

export function colleaguesView(page) {
  const found = colleagues(page.desk, page.me, page.ui.find);
  return h(
    "div",
    { key: "colleagues", class: "idle" },
    h(
      "section",
      { class: "card" },
      h("header", { class: "card-h" }, h("h1", { class: "plain" }, t("Colleagues")), h("span", { class: "badge badge-q" }, String(found.length))),
      h("div", { class: "panel-h" }, h("div", { class: "dial" }, icon("search"), h("input", { class: "in", value: page.ui.find, placeholder: t("Name or extension"), "aria-label": t("Name or extension"), autocomplete: "off", oninput: (event) => page.set({ find: event.target.value }) }))),
      h(
        "ul",
        { class: "people tall" },
        growing("colleagues", found.slice(0, SHOWN_COLLEAGUES), page.changed).map((agent) =>
          lazy(agent.extension, [agent, page.isCurrent], () => {
            const { tone, mark: shape } = stateOf(agent);
            const name = agent.name ?? agent.extension;
            return h("li", { key: agent.extension, class: `person s-${tone}` }, mark(shape), h("div", { class: "cut" }, words("b", name, null), " ", h("span", { class: "dim num" }, agent.extension), h("p", { class: "why cut" }, whyOf(agent), agent.since && [" ", timer(agent.since)])), h("span", { class: "acts2" }, h("button", { class: "btn-i", disabled: page.isCurrent ? null : true, "aria-label": `${t("Call")}: ${name}`, title: t("Call"), onclick: () => page.dial(agent.extension) }, icon("phone-out"))));
          }),
        ),
        !found.length && h("li", { key: "none", class: "person" }, icon("people"), h("span", { class: "dim" }, t("Nobody found."))),
      ),
    ),
  );
}
