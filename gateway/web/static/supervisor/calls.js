// Live calls: who talks with whom, for how long; listening, whispering, barging in.
import { command, path } from "../lib/api.js";
import { growing, h, icon, lazy, mark, words } from "../lib/dom.js";
import { count, numberOf, phone } from "../lib/format.js";
import { phaseOf } from "../lib/calls.js";
import { t } from "../lib/i18n.js";
import { timer } from "../lib/shell.js";
import { nameOf } from "./urgency.js";

const MOST_ROWS = 100;
export const BOARD_STEP = 4; // rows of each list that the wallboard, which shows much at once, draws in a step
const MODES = [["listen", "listen", "Listen: nobody hears you"], ["whisper", "whisper", "Whisper: only the agent hears you"], ["barge", "barge", "Barge in: both hear you"]];
const SAID = { listen: "You are listening to {name}. Nobody hears you.", whisper: "You whisper to {name}. The caller does not hear you.", barge: "You talk with {name} and the caller." };
const RANK = { queued: 0, held: 1, ringing: 2, dialling: 2, talking: 3, parked: 1 };

export function callsSection(page) {
  const { floor } = page;
  const waiting = [...floor.calls.values()].filter((each) => each.phase?.name === "queued").length;
  return h(
    "main",
    { key: "calls", class: "main column", id: "main", tabindex: "-1", "data-stale": page.isCurrent ? null : true },
    page.notes(),
    h("section", { key: "live", class: "card a-live", "aria-label": t("Live calls") }, h("header", { class: "card-h" }, h("h1", null, t("Live calls")), h("span", { class: "badge badge-q" }, count(floor.calls.size)), waiting > 0 && h("span", { key: "w", class: "dim" }, t("{n} waiting", { n: count(waiting) }))), liveTable(page, "calls", MOST_ROWS), listenBar(page)),
  );
}

/** Who of ours is in the call: who was called, else who calls. */
const agentOf = (page, call) => [...(call.phase?.parties ?? []), call.caller].map((party) => page.floor.agentAt(call.pbx, party)).find(Boolean) ?? null;

/** Who waits longest first, then who talks longest. */
export function liveTable(page, place, most) {
  const sorted = [...page.floor.calls.values()].sort((a, b) => (RANK[a.phase?.name] ?? 4) - (RANK[b.phase?.name] ?? 4) || a.started_at.localeCompare(b.started_at));
  const rows = page.steady.rows(`live-${place}`, sorted.slice(0, most), (call) => call.call_id);
  if (!rows.length) return h("div", { key: "none", class: "empty" }, icon("phone"), h("b", null, page.floor.loaded ? t("Nobody is on the telephone") : t("Loading")), page.floor.loaded && h("span", null, t("The next call appears here when it begins.")));
  const heads = ["State", "Agent, caller", "Queue", "Length", "Join"];
  return h(
    "div",
    { key: "table", class: "tblw", tabindex: "0", role: "group", "aria-label": t("Live calls") },
    h("table", { class: "tbl live" }, h("thead", { class: "sr" }, h("tr", null, heads.map((each) => h("th", { key: each, scope: "col" }, t(each))))), h("tbody", page.steady.around(`live-${place}`), growing(`live-${place}`, rows, page.changed, place === "board" ? BOARD_STEP : undefined).map((call) => row(page, call)))),
    sorted.length > most && place === "calls" && h("p", { key: "more", class: "dim more" }, t("{n} more are not shown", { n: count(sorted.length - most) })),
  );
}

function row(page, call) {
  const gone = !page.floor.calls.has(call.call_id);
  const agent = agentOf(page, call);
  const { listening } = page;
  const mine = listening?.call_id === call.call_id ? listening.mode : null;
  const asked = page.asking.get(`monitor ${call.call_id}`) ?? null;
  return lazy(call.call_id, [call, agent, gone, mine, asked, page.refusals.get(call.call_id), page.stopped], () => {
    const phase = phaseOf(call);
    const calls = agent !== null && agent.extension === call.caller; // an agent's own call: the other side is whom he calls
    const caller = calls ? phone(call.called_e164 ?? call.called ?? "") : call.caller_name || numberOf(call);
    const other = agent ? nameOf(agent) : call.phase?.parties?.join(", ") || t(phase.word);
    // Who waits stands first himself: whose telephone rings for him meanwhile has not got him yet.
    const waits = call.phase?.name === "queued";
    const [first, second] = waits ? [caller, agent ? t("Rings at {who}", { who: other }) : t(phase.word)] : [other, caller];
    return h(
      "tr",
      { class: `s-${phase.tone}${mine ? " on" : ""}${gone ? " gone" : ""}`, "data-call": call.call_id },
      h("td", { class: "stw" }, mark(gone ? "ended" : phase.mark), h("span", { class: "sr" }, gone ? t("Ended") : t(phase.word))),
      h("td", { class: "two" }, h("a", { class: "b cut", href: `#call/${call.call_id}`, dir: "auto" }, first), words("span", second)),
      h("td", { class: "hide-m" }, words("span", call.queue ?? "", "dim")),
      h("td", { class: "n" }, gone ? t("Ended") : timer(call.phase?.since ?? call.started_at, { until: page.stopped })),
      h("td", null, h("div", { class: "sup" }, !gone && agent && call.phase?.name === "talking" ? MODES.map(([mode, picture, label]) => joinButton(page, call, agent, { mode, picture, label, mine, asked })) : null), refusal(page, call.call_id)),
    );
  });
}

function joinButton(page, call, agent, { mode, picture, label, mine, asked }) {
  const name = `${t(label)} · ${nameOf(agent)}`;
  return h("button", { key: mode, class: "btn-i", "aria-pressed": mine === mode ? "true" : "false", "aria-busy": asked === mode ? "true" : null, "aria-label": name, title: t(label), disabled: page.isCurrent && page.me.extension ? null : true, onclick: () => join(page, call, agent, mode) }, icon(picture));
}

/** Ring our own telephone and let it into the call; the call that this begins says how long we listen. */
async function join(page, call, agent, mode) {
  if (page.listening?.call_id === call.call_id && page.listening.mode === mode) return leave(page);
  if (page.listening) await leave(page);
  const told = await page.ask(`monitor ${call.call_id}`, call.call_id, () => command(path`/api/v1/calls/${call.call_id}/monitor`, { agent: agent.extension, mode, extension: page.me.extension }), mode);
  if (told) page.set({ listening: { call_id: call.call_id, mode, name: nameOf(agent), began: told.began ?? null, at: Date.now() } });
  return undefined;
}

async function leave(page) {
  const { began } = page.listening;
  if (began) await page.ask("leave", began, () => command(path`/api/v1/calls/${began}/hang-up`, {}));
  if (!page.refusals.has(began)) page.set({ listening: null });
}

const RINGS_MS = 15_000; // what the PBX began for us has shown itself by then

/** We listen as long as the call lasts that let us in, and the one that we listen to. */
export function checkListening(page) {
  const { listening, floor } = page;
  if (!listening) return;
  const has = listening.began && floor.calls.has(listening.began);
  if (has) listening.seen = true;
  if (has && rings(page)) floor.lookAgain(listening.began); // no event tells that our own telephone was answered
  const over = !floor.calls.has(listening.call_id) || (!has && (listening.seen || Date.now() - listening.at > RINGS_MS));
  if (over) page.listening = null;
}

const rings = ({ floor, listening }) => !floor.calls.get(listening.began)?.legs?.[0]?.state_times.connected;

export function listenBar(page) {
  const { listening } = page;
  if (!listening) return null;
  return h(
    "div",
    { key: "listen", class: "listenbar", role: "status" },
    icon(listening.mode),
    h("span", { class: "grow" }, rings(page) ? t("Your telephone rings: answer it to join {name}.", { name: listening.name }) : t(SAID[listening.mode], { name: listening.name })),
    h("button", { class: "btn btn-s", "aria-busy": page.asking.has("leave") ? "true" : null, onclick: () => leave(page) }, t("Stop")),
  );
}

export const refusal = (page, place) => {
  const problem = page.refusals.get(place);
  return problem ? h("p", { key: "refusal", class: "refused", role: "alert" }, mark("alert"), h("span", null, problem.detail || problem.title), h("button", { class: "btn-i btn-i-s", "aria-label": t("Close"), onclick: () => page.forget(place) }, icon("x"))) : null;
};
