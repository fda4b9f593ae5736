// The calls of the page of live calls: figures, a row with its tie line for each live one, those that ended lately.
import { outcomeOf, outcomeText, phaseOf } from "../lib/calls.js";
import { h, icon, lazy, mark, words } from "../lib/dom.js";
import { clockWithSeconds, count, duration, phone } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { timer } from "../lib/shell.js";
import { directionOf } from "./told.js";

const MAX_ROWS = 200;
const SHOWN_ENDED = 12;
const ARROWS = { inbound: "phone-in", outbound: "phone-out" };

/** Who calls, as the telephone system says it. */
export const callerOf = (call) => call.caller_name ?? (call.caller ? phone(call.caller) : t("Number withheld"));

const shownIn = (watched) => [...watched.calls.values()].filter((call) => call.state === "active" || watched.leaving.has(call.call_id)).sort((one, other) => one.started_at.localeCompare(other.started_at));

const endedAt = (call) => call.ended_at ?? call.started_at;

export function figures({ watched, stoppedAt }) {
  const live = watched.live;
  const those = (...names) => live.filter((call) => names.includes(call.phase?.name));
  const waiting = those("queued");
  const first = waiting.filter((call) => call.phase.since).sort((one, other) => one.phase.since.localeCompare(other.phase.since))[0];
  const value = (number) => (watched.loaded ? count(number) : "–");
  const figure = (id, label, shown, tone = null, shape = null) => h("div", { key: id, class: tone ? `fig s-${tone}` : "fig" }, h("dt", null, shape && mark(shape, "st tone"), label), h("dd", { "data-kpi": id }, shown));
  return h(
    "dl",
    { key: "figures", class: "card figs" },
    figure("live", t("Live calls"), value(live.length)),
    figure("talking", t("Talking"), value(those("talking", "held").length), "talking", "talking"),
    figure("ringing", t("Ringing"), value(those("ringing", "dialling").length), "ringing", "ringing"),
    figure("waiting", t("Waiting"), value(waiting.length), "hold", "queued"),
    figure("longest", t("Longest wait"), first ? timer(first.phase.since, { until: stoppedAt(first.pbx) }) : "–"),
  );
}

export function liveCard(page) {
  const calls = shownIn(page.watched);
  const more = calls.length - MAX_ROWS;
  const around = {
    onpointerenter: () => (page.pointed = true),
    onpointerleave: () => {
      page.pointed = false;
      page.changed();
    },
  };
  return h(
    "section",
    { key: "calls", class: "card a-calls", id: "calls", "aria-label": t("Live calls") },
    h("header", { class: "card-h" }, h("h2", null, t("Now")), h("span", { class: "badge badge-q", id: "live-count" }, count(page.watched.live.length)), more > 0 && h("span", { key: "more", class: "dim end" }, t("and {n} more", { n: count(more) }))),
    h("ol", { key: "live", id: "live", ...around }, calls.slice(0, MAX_ROWS).map((call) => liveRow(page, call))),
    calls.length === 0 && h("div", { key: "nobody", class: "empty" }, icon("phone"), h("b", null, page.watched.loaded ? t("Nobody is on the telephone") : t("Loading")), page.watched.loaded && h("span", null, t("The next call appears here when it begins."))),
  );
}

function liveRow(page, call) {
  const isLeaving = call.state === "ended";
  const stopped = isLeaving ? null : page.stoppedAt(call.pbx);
  const isChosen = page.chosen === call.call_id;
  return lazy(call.call_id, [call, isLeaving, stopped, isChosen], () => {
    const phase = phaseOf(call);
    const word = call.phase?.name === "served" && call.conference ? t("In a room") : t(phase.word);
    const outcome = outcomeOf(call.outcome);
    const tone = isLeaving ? outcome.tone : stopped ? "away" : phase.tone;
    return h(
      "li",
      { class: "enter", "data-key": call.call_id },
      h(
        "button",
        { class: `lrow s-${tone}`, "aria-pressed": String(isChosen), "data-phase": isLeaving ? "ended" : call.phase?.name, "data-unheard": stopped !== null, onclick: () => page.choose(call.call_id) },
        h("span", { class: "phase" }, mark(isLeaving ? "ended" : phase.mark), isLeaving ? t(outcome.word) : word, isLeaving ? null : timer(call.phase?.since, { until: stopped })),
        party("who", callerOf(call), call.caller_name && call.caller ? phone(call.caller) : ""),
        h("span", { class: "tie" }),
        isLeaving ? party("whom", call.answered_by.at(-1) ?? call.called, outcomeText(call.outcome, call.stage)) : far(call),
        h("span", { class: "where" }, tagsOf(call)),
        isLeaving ? h("time", { class: "total" }, duration(Date.parse(endedAt(call)) - Date.parse(call.started_at))) : timer(call.started_at, { until: stopped, classes: "total" }),
      ),
    );
  });
}

const party = (classes, name, below) => h("span", { class: `party ${classes}` }, words("b", name), words("span", below));

/** Who is at the other end, as far as there is anybody. */
function far(call) {
  const parties = call.phase?.parties ?? [];
  const named = call.agents.find((each) => each.extension === parties[0] && each.agent !== parties[0]);
  switch (call.phase?.name) {
    case "talking":
    case "held":
      return party("whom", named ? named.agent : parties.map(phone).join(", "), named ? parties[0] : dialled(call));
    case "queued":
      return party("whom", call.queue, parties.length ? t("{who} rings", { who: parties.join(", ") }) : t("nobody free yet"));
    case "in_menu":
      return party("whom", t("Menu {menu}", { menu: call.ivr_path.at(-1) }), call.digits ? t("pressed {digits}", { digits: call.digits }) : t("nothing pressed yet"));
    case "parked":
      return party("whom", t("Slot {slot}", { slot: call.transfers.at(-1)?.slot ?? "?" }), dialled(call));
    case "ringing":
    case "dialling":
      return party("whom", parties.map(phone).join(", ") || phone(call.called), dialled(call));
    default:
      return party("whom", phone(call.called), "");
  }
}

/** What the caller dialled, where that says more than who is there now. */
const dialled = (call) => (call.called && !call.phase?.parties.includes(call.called) ? t("called {number}", { number: phone(call.called) }) : directionOf(call.direction));

function tagsOf(call) {
  const tags = [
    call.queue && call.phase?.name !== "queued" && call.queue,
    call.ivr_path.length > 0 && call.phase?.name !== "in_menu" && (call.digits ? t("menu {digits}", { digits: call.digits }) : t("menu")),
    call.conference && t("room {room}", { room: call.conference }),
    call.transfers.length > 0 && t("transferred"),
    call.recording && t("recorded"),
    call.complete === false && t("heard in part"),
  ];
  return tags.filter(Boolean).map((text) => words("span", text, "tag cut", { key: text }));
}

export function endedCard(page) {
  const { watched } = page;
  const ended = [...watched.calls.values()].filter((call) => call.state === "ended" && !watched.leaving.has(call.call_id));
  ended.sort((one, other) => endedAt(other).localeCompare(endedAt(one)));
  return h(
    "section",
    { key: "ended", class: "card a-ended", "aria-label": t("Ended calls") },
    h("header", { class: "card-h" }, h("h2", null, t("Ended lately"))),
    h("ol", { key: "list", id: "ended" }, ended.slice(0, SHOWN_ENDED).map((call) => endedRow(page, call))),
    ended.length === 0 && h("div", { key: "none", class: "empty" }, h("b", null, watched.loaded ? t("No call has ended yet") : t("Loading"))),
  );
}

function endedRow(page, call) {
  const isChosen = page.chosen === call.call_id;
  return lazy(call.call_id, [call, isChosen], () =>
    h(
      "li",
      { class: "enter", "data-key": call.call_id },
      h(
        "button",
        { class: `past-row s-${outcomeOf(call.outcome).tone}`, "aria-pressed": String(isChosen), onclick: () => page.choose(call.call_id) },
        icon(ARROWS[call.direction] ?? "phone"),
        words("b", callerOf(call), "cut from"),
        words("span", call.answered_by.at(-1) ?? call.queue ?? phone(call.called), "cut to"),
        h("span", { class: "out cut" }, words("span", outcomeText(call.outcome, call.stage), "tag")),
        h("time", { class: "at" }, clockWithSeconds(endedAt(call))),
        h("time", { class: "took" }, call.talk_s ? duration(call.talk_s * 1000) : ""),
      ),
    ),
  );
}
