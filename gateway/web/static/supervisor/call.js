// One call in full: its course, its parts, what was noted of it, and its recordings.
import { get, path } from "../lib/api.js";
import { h, icon, mark, words } from "../lib/dom.js";
import { clockWithSeconds, numberOf, phone, seconds, whenExactly } from "../lib/format.js";
import { directionWord, outcomeOf, outcomeText, phaseOf } from "../lib/calls.js";
import { ofBoth, t } from "../lib/i18n.js";
import { wrong } from "../lib/forms.js";
import { agentsOf } from "./history.js";
import { nameOf } from "./urgency.js";

const KINDS = { blind: "Blind transfer", attended: "Attended transfer", blonde: "Transfer while it rang", redirect: "Redirected", park: "Parked" };
const RESULTS = { completed: "completed", busy: "busy", no_answer: "no answer", abandoned: "given up", failed: "failed" };

/** Read a call with what belongs to it; what one may not see stays out. */
export async function readCall(page, id) {
  const shown = { id, call: null, card: null, recordings: null, dispositions: [], problem: null };
  page.set({ shown });
  const may = (scope) => page.me.scopes.includes(scope);
  try {
    shown.call = await get(path`/api/v1/calls/${id}`);
    if (shown.call.merged_into) {
      location.replace(`#call/${shown.call.merged_into}`);
      return;
    }
    page.changed();
    const [card, recordings, lists] = await Promise.all([may("customers:read") ? get(path`/api/v1/calls/${id}/card`) : null, may("recordings:read") ? get(path`/api/v1/calls/${id}/recordings`) : null, get("/api/v1/dispositions")]);
    Object.assign(shown, { card, recordings: recordings?.recordings ?? null, dispositions: lists.dispositions });
  } catch (problem) {
    shown.problem = problem;
  }
  page.changed();
}

export function callSection(page) {
  const { shown } = page;
  const { call } = shown ?? {};
  return h(
    "main",
    { key: "call", class: "main column", id: "main", tabindex: "-1" },
    page.notes(),
    h("p", { key: "back" }, h("a", { class: "btn btn-q btn-s", href: call?.state === "active" ? "#calls" : "#history" }, icon("return"), call?.state === "active" ? t("Live calls") : t("History"))),
    wrong(shown?.problem),
    call ? [facts(page, call), h("div", { key: "both", class: "split both" }, course(page, call), h("div", { class: "stack" }, soundCard(shown), notesCard(shown)))] : !shown?.problem && h("div", { key: "loading", class: "empty" }, icon("clock"), h("b", null, t("Loading"))),
  );
}

function facts(page, call) {
  const fact = (label, value) => (value ? h("div", { key: label }, h("dt", null, label), h("dd", { dir: "auto" }, value)) : null);
  const phase = call.state === "active" ? phaseOf(call) : null;
  const disposition = page.shown.card?.disposition;
  const label = disposition && (ofBoth(page.shown.dispositions.find((each) => each.id === disposition.id)?.label) || disposition.id);
  return h(
    "section",
    { key: "facts", class: "card call-f", "aria-labelledby": "call-h" },
    h("div", { class: "row wrap" }, h("h1", { id: "call-h", dir: "auto" }, call.caller_name || numberOf(call)), call.caller_name ? h("span", { key: "n", class: "num mut" }, numberOf(call)) : null, h("span", { class: `tag s-${phase?.tone ?? outcomeOf(call.outcome).tone}` }, phase ? t(phase.word) : outcomeText(call.outcome, call.stage)), call.complete === false && h("span", { key: "part", class: "tag s-warn" }, t("known in part"))),
    h(
      "dl",
      { class: "facts" },
      fact(t("Began"), whenExactly(call.started_at)),
      fact(t("Direction"), directionWord(call.direction)),
      fact(t("Called"), phone(call.called_e164 ?? call.called ?? "")),
      fact(t("Queue"), call.queue),
      fact(t("Menu"), [call.ivr_path?.join(" › "), call.digits].filter(Boolean).join(" · ")),
      fact(t("Talked with"), agentsOf(page, call)),
      fact(t("Waited"), seconds(call.wait_s)),
      fact(t("Talked"), seconds(call.talk_s)),
      fact(t("Held"), call.hold_s ? seconds(call.hold_s) : null),
      fact(t("Disposition"), label),
    ),
  );
}

function course(page, call) {
  const entries = [];
  const add = (at, text) => at && entries.push({ at, text });
  const who = (leg) => {
    const agent = page.floor.agentAt(call.pbx, leg.device?.split("/").at(-1));
    return agent ? nameOf(agent) : phone(leg.number ?? "") || leg.device;
  };
  add(call.started_at, t("The call began"));
  for (const each of call.queues ?? []) {
    add(each.joined_at, t("Waits in {queue}", { queue: each.queue }));
    add(each.left_at, t("Leaves {queue} after {time}", { queue: each.queue, time: seconds(each.wait_s) }));
  }
  for (const leg of (call.legs ?? []).slice(1)) {
    add(leg.state_times.alerting, t("Rings at {who}", { who: who(leg) }));
    add(leg.state_times.connected, t("Connected to {who}", { who: who(leg) }));
    add(leg.state_times.cleared, t("{who} is gone", { who: who(leg) }));
  }
  add(call.ended_at, t("The call ended"));
  entries.sort((a, b) => a.at.localeCompare(b.at));
  return h(
    "section",
    { key: "course", class: "card", "aria-label": t("Course") },
    h("header", { class: "card-h" }, h("h2", null, t("Course"))),
    h("ol", { class: "log" }, entries.map((each) => h("li", { key: each.at + each.text }, h("time", null, clockWithSeconds(each.at)), h("span", { dir: "auto" }, each.text), h("span", null)))),
    call.transfers?.length > 0 && h("ul", { key: "transfers", class: "sub" }, call.transfers.map((each, index) => h("li", { key: index, class: "row" }, icon("transfer"), h("span", { dir: "auto" }, `${t(KINDS[each.kind] ?? each.kind)}: ${each.by ?? "?"} → ${each.to ?? "?"} · ${t(RESULTS[each.result] ?? "Unknown")}`)))),
    call.legs?.length > 0 && h("details", { key: "legs", class: "legs" }, h("summary", null, t("{n} legs", { n: call.legs.length })), h("div", { class: "tblw", tabindex: "0", role: "group", "aria-label": t("Legs") }, h("table", { class: "tbl" }, h("thead", null, h("tr", null, ["Leg", "Number", "Cause"].map((each) => h("th", { key: each, scope: "col" }, t(each))))), h("tbody", null, call.legs.map((leg) => h("tr", { key: leg.id }, h("td", null, words("span", leg.name)), h("td", { class: "num" }, phone(leg.number ?? "")), h("td", { class: "num" }, leg.cause ? String(leg.cause) : "–"))))))),
  );
}

const STATES = { expected: "The call is still being recorded.", waiting: "It is being fetched from the telephone system.", failed: "It could not be fetched.", deleted: "It was deleted." };

function soundCard({ recordings, call }) {
  const note = recordings === null ? t("You may not hear recordings.") : t("Nothing was recorded.");
  return h(
    "section",
    { key: "sound", class: "card", "aria-label": t("Recordings") },
    h("header", { class: "card-h" }, h("h2", null, t("Recordings"))),
    recordings?.length
      ? h("ul", { key: "list", class: "sound" }, recordings.map((each) => h("li", { key: each.recording_id }, each.audio ? [h("audio", { key: "audio", controls: true, preload: "none", src: each.audio, "aria-label": t("Recording of {time}", { time: whenExactly(each.began_at) }) }), h("p", { key: "note", class: "dim" }, `${whenExactly(each.began_at)} · ${seconds(each.duration_s)} · ${t("Who listens is written down.")}`)] : h("p", { key: "why", class: "row" }, mark(each.state === "failed" ? "alert" : "rec"), `${t(STATES[each.state] ?? "Unknown")} ${each.problem ?? ""}`))))
      : h("p", { key: "none", class: "dim pad" }, call && recordings === null && call.recording ? t("There is a recording, which you may not hear.") : note),
  );
}

function notesCard({ card }) {
  const notes = card?.notes ?? [];
  return h(
    "section",
    { key: "notes", class: "card", "aria-label": t("Notes") },
    h("header", { class: "card-h" }, h("h2", null, t("Notes"))),
    notes.length ? h("ul", { key: "list", class: "sub" }, notes.map((each) => h("li", { key: each.note_id }, h("p", { dir: "auto" }, each.text), h("p", { class: "dim" }, [each.author?.name ?? each.by, each.created_at && whenExactly(each.created_at)].filter((part) => typeof part === "string").join(" · "))))) : h("p", { key: "none", class: "dim pad" }, t("Nothing was noted.")),
  );
}
