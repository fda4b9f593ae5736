// What happened and what a call is doing, in the words of a call centre.

export const PHASES = {
  routing: { word: "Connecting", mark: "out", tone: "away" },
  in_menu: { word: "In menu", mark: "menu", tone: "menu" },
  queued: { word: "Waiting", mark: "queued", tone: "queued" },
  dialling: { word: "Dialling", mark: "dialling", tone: "dialling" },
  ringing: { word: "Ringing", mark: "ringing", tone: "ringing" },
  talking: { word: "Talking", mark: "talking", tone: "talking" },
  held: { word: "On hold", mark: "hold", tone: "hold" },
  parked: { word: "Parked", mark: "hold", tone: "hold" },
  served: { word: "Served", mark: "menu", tone: "menu" },
};

const OUTCOMES = {
  answered: { word: "Answered", tone: "ready" },
  abandoned: { word: "Gave up", tone: "bad" },
  no_answer: { word: "No answer", tone: "bad" },
  busy: { word: "Busy", tone: "queued" },
  rejected: { word: "Rejected", tone: "queued" },
  unreachable: { word: "Unreachable", tone: "bad" },
  failed: { word: "Failed", tone: "bad" },
  voicemail: { word: "Voicemail", tone: "menu" },
  self_served: { word: "Done in the menu", tone: "menu" },
  unknown: { word: "Unknown", tone: "away" },
};

const STAGES = { route: "before anything rang", ivr: "in the menu", queue: "in the queue", ringing: "while it rang", agent_leg: "at the agent's telephone" };
const LINKS = { connecting: "connecting", connected: "connected", retrying: "cut off", refused: "refuses us", stopped: "stopped" };

export const outcomeOf = (outcome) => OUTCOMES[outcome] ?? { word: plain(outcome ?? "unknown"), tone: "away" };
export const linkWord = (status) => LINKS[status] ?? status;

/** "abandoned" in stage "queue" -> "Gave up in the queue" */
export function outcomeText(outcome, stage) {
  const where = outcome !== "answered" && STAGES[stage];
  return outcomeOf(outcome).word + (where ? ` ${where}` : "");
}

const someone = (who) => who ?? "Somebody";

// type -> [mark, tone, sentence]; data is the event's own
const TOLD = {
  "call.started": ["dialling", "away", (d) => `${d.caller ?? "A withheld number"} calls${d.called ? ` ${d.called}` : ""}`],
  "call.alerting": ["ringing", "ringing", (d) => `${someone(d.party)} rings`],
  "call.answered": ["talking", "talking", (d) => `${someone(d.by)} answers`],
  "call.agent_connected": ["talking", "talking", (d) => `${d.queue} gives the caller to ${d.agent}`],
  "call.held": ["hold", "hold", (d) => `${someone(d.by)} holds the call`],
  "call.retrieved": ["talking", "talking", () => "Taken back from hold"],
  "call.menu_entered": ["menu", "menu", (d) => `Menu ${d.menu}`],
  "call.digit_pressed": ["menu", "menu", (d) => `Pressed ${d.digit}`],
  "call.service_started": ["menu", "menu", (d) => `${plain(d.service)} ${d.detail ?? ""}`],
  "queue.caller_joined": ["queued", "queued", (d) => `Waits in ${d.queue}`],
  "queue.caller_left": ["queued", "away", (d) => `Left ${d.queue}`],
  "queue.caller_abandoned": ["alert", "bad", (d) => `Gave up waiting in ${d.queue}`],
  "call.transferred": ["dialling", "talking", (d) => transfer(d)],
  "call.diverted": ["dialling", "away", (d) => `Diverted from ${d.from} to ${d.to}${d.reason === "unconditional" ? "" : `, ${plain(d.reason).toLowerCase()}`}`],
  "call.parked": ["hold", "hold", (d) => `Parked in ${d.slot}${d.by ? ` by ${d.by}` : ""}`],
  "call.conference_joined": ["talking", "talking", (d) => `${someone(d.party)} joins room ${d.room}`],
  "call.recording_started": ["rec", "away", () => "Recording begins"],
  "call.recording_paused": ["rec", "away", () => "Recording pauses"],
  "call.recording_resumed": ["rec", "away", () => "Recording goes on"],
  "call.recording_stopped": ["rec", "away", () => "Recording stops"],
  "call.merged": ["talking", "away", () => "Two calls became one"],
  "call.corrected": ["ok", "away", () => "Record corrected by the telephone system"],
  "call.ended": ["ended", "away", (d) => ended(d)],
  "agent.state_changed": ["watch", "away", (d) => `${d.name ?? d.extension}: ${plain(d.state).toLowerCase()}${d.state === "not_ready" && d.reason ? ` (${d.reason})` : ""}`],
  "gateway.gap": ["alert", "bad", (d) => `Not heard for ${d.seconds.toFixed(1)} s: ${d.reason}`],
  "gateway.link_changed": ["watch", "queued", (d) => d.detail],
};

function transfer(d) {
  const kind = d.kind === "redirect" ? "Redirected" : `${plain(d.kind)} transfer`;
  return `${kind}${d.to ? ` to ${d.to}` : ""}${d.by ? ` by ${d.by}` : ""}${d.result && d.result !== "completed" ? `: ${plain(d.result).toLowerCase()}` : ""}`;
}

function ended(d) {
  if (d.outcome === "unknown") return "Ended while nobody listened";
  const by = { caller: "the caller hung up", called: "the other side hung up", pbx: "ended by the telephone system", cti: "ended by a program" }[d.ended_by];
  return [outcomeText(d.outcome, d.stage), by, d.talk_s ? `talked ${duration(d.talk_s * 1000)}` : null].filter(Boolean).join(", ");
}

/** A line for an event: text, mark, tone, and whether it deserves a second look. */
export function line(event) {
  const [mark, tone, sentence] = TOLD[event.type] ?? ["watch", "away", () => plain(event.type.split(".").pop())];
  if (event.type === "gateway.link_changed" && event.data.status === "connected") return { text: event.data.detail, mark: "ok", tone: "ready", loud: false };
  return { text: sentence(event.data), mark, tone, loud: tone === "bad" };
}

/** "no_answer" -> "No answer" */
export function plain(text) {
  const words = String(text).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Milliseconds as m:ss or h:mm:ss */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** An RFC 3339 time as hh:mm:ss of this place. */
export const clock = (time) => new Date(time).toLocaleTimeString("en-GB");
