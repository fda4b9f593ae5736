// What happened, in the words of a call centre: a sentence for each kind of event.
import { directionWord, outcomeText, stateText } from "../lib/calls.js";
import { duration, phone } from "../lib/format.js";
import { t } from "../lib/i18n.js";

const KINDS = { blind: "Blind transfer", attended: "Attended transfer", blonde: "Transfer while it rang", redirect: "Redirected" };
const RESULTS = { busy: "busy", no_answer: "no answer", abandoned: "given up", failed: "failed" };
const REASONS = { busy: "busy", no_answer: "no answer", unavailable: "unavailable" };
const ENDED_BY = { caller: "the caller hung up", called: "the other side hung up", pbx: "ended by the telephone system", cti: "ended by a program" };

const someone = (who) => (who ? phone(who) : t("Somebody"));

/** "no_answer" as "No answer": for names that have no word of their own. */
function plain(name) {
  const text = String(name).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export const directionOf = (direction) => (direction ? directionWord(direction) || plain(direction) : "");

// type -> [mark, tone, sentence]; data is the event's own
const TOLD = {
  "call.started": ["dialling", "away", (d) => (d.called ? t("{who} calls {number}", { who: caller(d), number: phone(d.called) }) : t("{who} calls", { who: caller(d) }))],
  "call.alerting": ["ringing", "ringing", (d) => t("{who} rings", { who: someone(d.party) })],
  "call.ringing_stopped": ["ended", "away", (d) => t("{who} rings no more", { who: someone(d.party) })],
  "call.answered": ["talking", "talking", (d) => t("{who} answers", { who: someone(d.by) })],
  "call.agent_connected": ["talking", "talking", (d) => t("{queue} gives the caller to {agent}", { queue: d.queue, agent: d.agent })],
  "call.held": ["hold", "hold", (d) => t("{who} holds the call", { who: someone(d.by) })],
  "call.retrieved": ["talking", "talking", () => t("Taken back from hold")],
  "call.menu_entered": ["menu", "acw", (d) => t("Menu {menu}", { menu: d.menu })],
  "call.digit_pressed": ["menu", "acw", (d) => t("Pressed {digit}", { digit: d.digit })],
  "call.service_started": ["menu", "acw", (d) => `${plain(d.service)} ${d.detail ?? ""}`],
  "call.customer_identified": ["ok", "ready", () => t("The customer is known")],
  "call.disposed": ["ok", "away", (d) => (d.disposition ? t("Filed as {disposition}", { disposition: plain(d.disposition) }) : t("The agent is done with it"))],
  "call.noted": ["ok", "away", () => t("A note was written")],
  "callback.changed": ["watch", "hold", () => t("The calls to return changed")],
  "queue.caller_joined": ["queued", "hold", (d) => t("Waits in {queue}", { queue: d.queue })],
  "queue.caller_left": ["queued", "away", (d) => t("Left {queue}", { queue: d.queue })],
  "queue.caller_abandoned": ["alert", "bad", (d) => t("Gave up waiting in {queue}", { queue: d.queue })],
  "call.transferred": ["dialling", "talking", transferred],
  "call.diverted": ["dialling", "away", diverted],
  "call.parked": ["hold", "hold", (d) => (d.by ? t("Parked in {slot} by {who}", { slot: d.slot ?? "?", who: phone(d.by) }) : t("Parked in {slot}", { slot: d.slot ?? "?" }))],
  "call.conference_joined": ["talking", "talking", (d) => t("{who} joins room {room}", { who: someone(d.party), room: d.room })],
  "call.recording_started": ["rec", "away", () => t("Recording begins")],
  "call.recording_paused": ["rec", "away", () => t("Recording pauses")],
  "call.recording_resumed": ["rec", "away", () => t("Recording goes on")],
  "call.recording_stopped": ["rec", "away", () => t("Recording stops")],
  "call.merged": ["talking", "away", () => t("Two calls became one")],
  "call.corrected": ["ok", "away", () => t("Record corrected by the telephone system")],
  "call.ended": ["ended", "away", ended],
  "agent.state_changed": ["watch", "away", (d) => `${d.name ?? d.extension} · ${stateText(d)}`],
  "command.accepted": ["ok", "away", (d) => t("The telephone system took a command: {command}", { command: plain(d.command).toLowerCase() })],
  "command.failed": ["alert", "bad", (d) => t("A command failed: {command}", { command: plain(d.command).toLowerCase() })],
  "customer.created": ["ok", "away", () => t("A customer was added")],
  "customer.changed": ["ok", "away", () => t("A customer was changed")],
  "customer.merged": ["ok", "away", () => t("Two customers are one")],
  "customer.parted": ["ok", "away", () => t("One customer is two")],
  "customer.erased": ["ok", "away", () => t("A customer was erased")],
  "recording.available": ["rec", "ready", () => t("A recording can be heard")],
  "recording.failed": ["rec", "bad", () => t("A recording could not be fetched")],
  "gateway.gap": ["alert", "bad", (d) => t("Not heard for {seconds} s: {reason}", { seconds: d.seconds.toFixed(1), reason: d.reason })],
  "gateway.link_changed": ["watch", "hold", (d) => d.detail],
};

const caller = (d) => (d.caller ? phone(d.caller) : t("A withheld number"));

function transferred(d) {
  const kind = t(KINDS[d.kind] ?? plain(d.kind));
  const whom = d.to && d.by ? t("{kind} to {to} by {by}", { kind, to: phone(d.to), by: phone(d.by) }) : d.to ? t("{kind} to {to}", { kind, to: phone(d.to) }) : kind;
  return d.result && d.result !== "completed" ? `${whom}: ${t(RESULTS[d.result] ?? plain(d.result).toLowerCase())}` : whom;
}

function diverted(d) {
  const whither = t("Diverted from {from} to {to}", { from: phone(d.from), to: phone(d.to) });
  return d.reason === "unconditional" ? whither : `${whither}: ${t(REASONS[d.reason] ?? plain(d.reason).toLowerCase())}`;
}

function ended(d) {
  if (d.outcome === "unknown") return t("Ended while nobody listened");
  const by = ENDED_BY[d.ended_by];
  return [outcomeText(d.outcome, d.stage), by && t(by), d.talk_s ? t("talked {time}", { time: duration(d.talk_s * 1000) }) : null].filter(Boolean).join(", ");
}

/** A line for an event: text, mark, tone, and whether it deserves a second look. */
export function told(event) {
  const [shape, tone, sentence] = TOLD[event.type] ?? ["watch", "away", () => plain(event.type.split(".").pop())];
  if (event.type === "gateway.link_changed" && event.data.status === "connected") return { text: event.data.detail, shape: "ok", tone: "ready", isLoud: false };
  return { text: sentence(event.data), shape, tone, isLoud: tone === "bad" };
}
