// The call on the stage: while it rings, while it is talked in, and while a colleague is asked about it.
import { h, icon, mark, words } from "../lib/dom.js";
import { initials, languageName, phone, when, whenExactly } from "../lib/format.js";
import { directionWord } from "../lib/calls.js";
import { t } from "../lib/i18n.js";
import { timer } from "../lib/shell.js";
import { refused } from "./actions.js";
import { callLog } from "./log.js";
import { nameOf, otherSide } from "./people.js";
import { keypad, peoplePanel } from "./panels.js";

/** A call that rings at this telephone, or did a moment ago. */
export function ringingCard(page, card) {
  const { call } = card;
  const other = otherSide(card, page.desk, page.me);
  const own = isOwnCall(page, card);
  if (own) return diallingCard(page, card, other);
  const gone = card.over;
  const since = call.queues?.at(-1)?.joined_at ?? card.leg_since;
  return h(
    "article",
    { key: `ring-${call.call_id}`, class: "card call", "aria-labelledby": "caller", "data-call": call.call_id, "data-part": gone ? "gone" : "ringing" },
    h(
      "header",
      { class: gone ? "call-h s-away" : "call-h solid" },
      mark(gone ? "out" : "ringing"),
      h("span", null, gone ? goneText(page, card) : card.consulted_about ? t("A colleague asks you") : t("Incoming call")),
      h("span", { class: "mut cut" }, call.queue ?? directionWord(call.direction)),
      !gone && h("span", { class: "mut end num", key: "rings" }, timer(card.leg_since)),
    ),
    h(
      "div",
      { class: "call-b" },
      h(
        "div",
        { class: "call-id" },
        h("div", { class: "grow" }, words("h1", other.label, null, { id: "caller" }), other.name ? h("p", { key: "number", class: "num", title: other.raw }, other.number) : h("p", { key: "line", class: "num mut" }, other.isColleague ? t("Colleague") : t("Not known yet"))),
        call.queue && h("div", { key: "wait", class: "call-t num" }, h("small", null, t("Has waited")), timer(since, { until: gone ? card.leg_since : null })),
      ),
      tagsOf(page, card, other),
      facts(page, card),
      lastNote(card),
    ),
    !gone && ringActions(page, card),
    refusal(page, call.call_id),
  );
}

export const isOwnCall = (page, card) => card.call.caller === page.me.extension && !card.consulted_about;

const goneText = (page, card) =>
  card.answered_elsewhere_by ? t("Answered by {name}", { name: nameOf(page.desk, card.answered_elsewhere_by) }) : t("No longer rings");

function tagsOf(page, card, other) {
  const { customer } = card;
  const former = card.former_agents.map((each) => each.name ?? each.extension);
  const parts = [
    other.line && h("span", { key: "line", class: "mut", dir: "auto" }, other.line),
    customer?.vip && h("span", { key: "vip", class: "tag s-acw" }, "VIP"),
    (customer?.tags ?? []).map((tag) => h("span", { key: `t${tag}`, class: "tag", dir: "auto" }, tag)),
    customer?.language && h("span", { key: "language", class: "tag" }, languageName(customer.language)),
    card.matches > 1 && h("span", { key: "matches", class: "tag s-warn" }, t("{n} customers use this number", { n: card.matches })),
    former.length > 0 && h("span", { key: "former", class: "tag s-talking" }, icon("transfer"), t("Talked before with {names}", { names: former.join(", ") })),
  ];
  return h("p", { key: "tags", class: "row wrap idtags" }, parts);
}

function facts(page, card) {
  const { call } = card;
  const today = (card.customer?.calls ?? []).filter((each) => each.started_at && when(each.started_at).includes(":")).length;
  const steps = card.menu.length ? card.menu : (call.ivr_path ?? []).map((menu) => ({ menu, digits: "", label: null }));
  return h(
    "dl",
    { key: "facts", class: "facts" },
    h("div", { key: "menu", class: "wide" }, h("dt", null, t("Way through the menu")), h("dd", { class: "path" }, steps.length ? way(card, steps) : h("span", { key: "none", class: "mut" }, t("No menu")))),
    h("div", { key: "called" }, h("dt", null, t("Called")), h("dd", { class: "num" }, phone(call.called_e164 ?? call.called) || "–")),
    h("div", { key: "today" }, h("dt", null, t("Earlier today")), h("dd", null, card.customer?.calls ? (today ? t("{n} calls", { n: today }) : t("No call")) : "–")),
    h("div", { key: "before" }, h("dt", null, t("Earlier calls")), h("dd", null, card.customer?.calls ? String(card.customer.calls.length) : "–")),
  );
}

function way(card, steps) {
  const parts = [];
  steps.forEach((step, index) => {
    if (index) parts.push(icon("right"));
    if (step.menu) parts.push(h("span", { key: `m${index}`, dir: "auto" }, step.menu));
    if (step.digits) parts.push(h("span", { key: `d${index}`, class: "digit" }, step.digits));
    if (step.label) parts.push(h("span", { key: `l${index}`, dir: "auto" }, step.label));
  });
  if (card.call.queue) parts.push(icon("right"), h("span", { key: "queue", dir: "auto" }, card.call.queue));
  return parts;
}

/** What was noted last: of this call, by who had it before, else of the customer. */
function lastNote(card) {
  const note = card.notes.filter((each) => !each.mine && each.text).at(-1) ?? card.customer?.notes?.find((each) => each.text);
  if (!note) return null;
  return h("div", { key: "note", class: "callout" }, icon("note"), h("p", { class: "b" }, t("{when}, {name}", { when: whenExactly(note.at), name: note.author })), h("p", { dir: "auto", class: "said" }, note.text));
}

function ringActions(page, card) {
  const { controls } = card;
  return h(
    "div",
    { key: "acts", class: "acts ring-acts" },
    h("span", { class: "pickup" }, icon("phone"), t("Answer at your telephone")),
    controls.includes("hang_up") && button(page, card, "hang_up", "btn btn-l", card.call.queue ? "return" : "x", card.call.queue ? t("Back to the queue") : t("Reject"), "Alt X"),
    controls.includes("redirect") && h("button", { key: "send", class: "btn btn-l btn-q hide-m", "aria-expanded": String(page.ui.panel === "redirect"), onclick: () => page.togglePanel("redirect") }, icon("transfer"), t("Send to…")),
    page.ui.panel === "redirect" && h("div", { key: "panel", class: "sendto" }, peoplePanel(page, card, "redirect")),
  );
}

/** An own call: first the own telephone rings, then the other's. */
function diallingCard(page, card, other) {
  const stepOne = card.role_of_mine === "ringing";
  return h(
    "article",
    { key: `dial-${card.call.call_id}`, class: "card call", "aria-labelledby": "caller", "data-call": card.call.call_id, "data-part": "dialling" },
    h("header", { class: "call-h s-talking" }, icon("phone-out"), h("span", null, card.over ? t("Ended") : t("Calling")), h("span", { class: "mut cut" }, stepOne ? t("Step 1 of 2: pick up your telephone") : t("Step 2 of 2: it rings at the other side"))),
    h("div", { class: "call-b" }, identity(page, card, other), h("div", { class: "tie" }, you(page, "on"), h("div", { class: "tie-l ring" }, mark("ringing"), h("span", null, stepOne ? t("your telephone rings") : t("rings"))), party(other.name ?? other.number, stepOne ? t("called next") : other.name ? other.number : ""))),
    !card.over && h("div", { key: "ctls", class: "ctls" }, control(page, card, "hang_up", "hangup", t("Cancel"), "Alt X", "ctl ctl-end")),
    refusal(page, card.call.call_id),
  );
}

const identity = (page, card, other) =>
  h("div", { class: "call-id" }, h("div", { class: "grow" }, words("h1", other.label, null, { id: "caller" }), h("p", { class: "num", title: other.raw }, other.name ? other.number : other.line ?? "")), h("div", { class: "call-t" }, page.isCurrent ? timer(card.leg_since) : timer(card.leg_since, { until: page.asOf })));

const party = (name, line, classes = "") => h("div", { class: `tie-p ${classes}` }, h("span", { class: "avatar", "aria-hidden": "true" }, initials(name)), h("div", { class: "cut" }, words("b", name), words("span", line)));
const you = (page, classes) => h("div", { key: "you", class: `tie-p ${classes}` }, h("span", { class: "avatar", "aria-hidden": "true" }, initials(page.me.name)), h("div", null, h("b", null, t("You")), h("span", { class: "num" }, page.me.extension)));

/** A call that is talked in, held, or about which a colleague is asked. */
export function talkCard(page, card) {
  const other = otherSide(card, page.desk, page.me);
  const consultation = page.desk.consultationOf(card);
  const held = card.role_of_mine === "held" || Boolean(consultation);
  const heads = page.isCurrent ? (consultation ? ["s-talking", "talking", t("Consulting")] : held ? ["s-hold", "hold", t("On hold")] : ["s-talking", "talking", t("On the line")]) : ["s-out", "out", t("Last known: connected")];
  const [tone, shape, head] = heads;
  return h(
    "article",
    { key: `talk-${card.call.call_id}`, class: "card call", "aria-labelledby": "caller", "data-call": card.call.call_id, "data-part": consultation ? "consulting" : card.role_of_mine },
    h("header", { class: `call-h ${tone}` }, mark(shape), h("span", null, head), h("span", { class: "mut cut" }, consultation ? t("{name} waits and cannot hear you", { name: other.label }) : [directionWord(card.call.direction), card.call.queue].filter(Boolean).join(" · ")), recording(card)),
    h("div", { class: "call-b" }, identity(page, card, other), tagsOf(page, card, other), consultation ? threeWay(page, card, other, consultation) : twoWay(page, card, other, held)),
    !consultation && controls(page, card),
    ["consult", "transfer"].includes(page.ui.panel) && !consultation && h("div", { key: "people", class: "panel" }, peoplePanel(page, card, page.ui.panel)),
    page.ui.panel === "keypad" && h("div", { key: "keypad", class: "panel panel-k" }, keypad(page, consultation ?? card)),
    refusal(page, card.call.call_id),
  );
}

function recording(card) {
  const can = card.controls;
  if (can.includes("pause_recording")) return h("span", { key: "rec", class: "rec end" }, t("Recording"));
  if (can.includes("resume_recording")) return h("span", { key: "rec", class: "rec end", "data-paused": true }, t("Recording paused"));
  return null;
}

function twoWay(page, card, other, held) {
  const known = page.isCurrent;
  return h(
    "div",
    { key: "tie", class: "tie" },
    party(other.name ?? other.number, other.isColleague ? t("Colleague") : t("Customer"), known && !held ? "on" : held ? "held" : ""),
    h("div", { class: `tie-l ${held ? "held" : ""}` }, held && mark("hold"), h("span", null, !known ? t("not known") : held ? t("on hold") : t("talking"))),
    you(page, "on"),
  );
}

function threeWay(page, card, other, consultation) {
  const asked = consultation.call.called;
  const name = nameOf(page.desk, asked);
  const talking = consultation.call.phase?.name === "talking";
  return [
    h(
      "div",
      { key: "tie", class: "tie" },
      party(other.name ?? other.number, t("Customer"), "held"),
      h("div", { class: "tie-l held" }, mark("hold"), h("span", null, t("on hold"))),
      you(page, "on"),
      h("div", { class: talking ? "tie-l" : "tie-l ring" }, !talking && mark("ringing"), talking ? timer(consultation.leg_since) : h("span", null, t("rings"))),
      party(name, asked ?? "", talking ? "on" : ""),
    ),
    h(
      "div",
      { key: "acts", class: "acts consult-acts" },
      card.controls.includes("complete_transfer") && button(page, card, "complete_transfer", "btn btn-p btn-l", "transfer", t("Transfer to {name}", { name }), "Alt T"),
      card.controls.includes("cancel_transfer") && button(page, card, "cancel_transfer", "btn btn-l", "return", t("Back to {name}", { name: other.label }), "Alt H"),
      consultation.controls.includes("send_digits") && h("button", { key: "keys", class: "btn btn-l btn-q", "aria-expanded": String(page.ui.panel === "keypad"), onclick: () => page.togglePanel("keypad") }, icon("keypad"), t("Keypad")),
    ),
    h("p", { key: "hint", class: "dim hintline" }, t("{name} sees the same customer card and your note.", { name })),
  ];
}

function controls(page, card) {
  const can = (name) => page.isCurrent && card.controls.includes(name);
  const held = card.role_of_mine === "held";
  const paused = card.controls.includes("resume_recording");
  const panel = (name, shape, text, need, keys) => h("button", { key: name, class: "ctl", disabled: can(need) ? null : true, "aria-expanded": String(page.ui.panel === name), "aria-keyshortcuts": keys.replace(" ", "+"), title: `${text} (${keys})`, onclick: () => page.togglePanel(name) }, icon(shape), h("span", null, text));
  return h(
    "div",
    { key: "ctls", class: "ctls", role: "toolbar", "aria-label": t("Call control") },
    held ? control(page, card, "retrieve", "resume", t("Take back"), "Alt H", "ctl s-hold", true) : control(page, card, "hold", "hold", t("Hold"), "Alt H", "ctl s-hold", false),
    panel("consult", "consult", t("Consult"), "consult", "Alt C"),
    panel("transfer", "transfer", t("Transfer"), "blind_transfer", "Alt T"),
    panel("keypad", "keypad", t("Keypad"), "send_digits", "Alt K"),
    card.controls.includes("start_recording")
      ? control(page, card, "start_recording", "rec", t("Record"), "Alt R", "ctl")
      : control(page, card, paused ? "resume_recording" : "pause_recording", "rec-pause", paused ? t("Record on") : t("Pause rec."), "Alt R", "ctl s-hold", paused),
    control(page, card, "hang_up", "hangup", t("Hang up"), "Alt X", "ctl ctl-end"),
  );
}

function control(page, card, name, shape, text, keys, classes, pressed = null) {
  const busy = page.actions.isBusy(card.call.call_id, name);
  const offered = page.isCurrent && card.controls.includes(name);
  const why = offered ? `${text} (${keys})` : t("{what}: not possible now, or not by this telephone system", { what: text });
  return h("button", { key: name, class: classes, disabled: offered ? null : true, "aria-busy": busy ? "true" : null, "aria-pressed": pressed === null ? null : String(pressed), "aria-keyshortcuts": keys.replace(" ", "+"), title: why, onclick: () => page.actions.call(card, name) }, icon(shape), h("span", null, text));
}

function button(page, card, name, classes, shape, text, keys) {
  const busy = page.actions.isBusy(card.call.call_id, name);
  return h("button", { key: name, class: classes, "aria-busy": busy ? "true" : null, "aria-keyshortcuts": keys.replace(" ", "+"), onclick: () => page.actions.call(card, name) }, icon(shape), h("span", { class: "cut" }, text), h("kbd", null, keys));
}

/** Why nothing was done, beside what was asked. */
export function refusal(page, place) {
  const problem = page.actions.refusal(place);
  return problem && h("div", { key: "refusal", class: "err call-err", role: "alert" }, mark("alert"), h("span", { class: "grow" }, refused(problem)), h("button", { class: "btn btn-s", onclick: () => page.actions.forget(place) }, t("Close")));
}

/** Note and course of a call, below it. */
export const below = (page, card) =>
  h(
    "div",
    { key: `below-${card.call.call_id}`, class: "split" },
    h("section", { class: "card notebox" }, h("header", { class: "card-h" }, h("h2", null, t("Note")), h("span", { class: "dim end hide-m", role: "status" }, page.notes.isKept(card) ? t("Kept as you type") : t("Being kept"))), page.notes.box(card, "note")),
    h("section", { class: "card" }, h("header", { class: "card-h" }, h("h2", null, t("This call"))), callLog(page, card)),
  );
