// What a call is doing and how it ended, in the words of a call centre.
import { t } from "./i18n.js";

/** By the name of a call's phase: word, mark (st-…) and tone (s-…). */
export const PHASES = {
  routing: { word: "Connecting", mark: "out", tone: "away" },
  in_menu: { word: "In menu", mark: "menu", tone: "acw" },
  queued: { word: "Waiting", mark: "queued", tone: "hold" },
  dialling: { word: "Dialling", mark: "dialling", tone: "ringing" },
  ringing: { word: "Ringing", mark: "ringing", tone: "ringing" },
  talking: { word: "Talking", mark: "talking", tone: "talking" },
  held: { word: "On hold", mark: "hold", tone: "hold" },
  parked: { word: "Parked", mark: "hold", tone: "hold" },
  served: { word: "Served", mark: "menu", tone: "acw" },
};

/** By an agent's state. */
export const STATES = {
  ready: { word: "Ready", mark: "ready", tone: "ready" },
  not_ready: { word: "Not ready", mark: "notready", tone: "away" },
  reserved: { word: "Reserved", mark: "ringing", tone: "ringing" },
  talking: { word: "Talking", mark: "talking", tone: "talking" },
  after_call_work: { word: "After-call work", mark: "acw", tone: "acw" },
  busy: { word: "Busy", mark: "talking", tone: "talking" },
  logged_out: { word: "Logged out", mark: "out", tone: "away" },
  offline: { word: "Telephone unreachable", mark: "out", tone: "away" },
};

const OUTCOMES = {
  answered: { word: "Answered", tone: "ready" },
  abandoned: { word: "Gave up", tone: "bad" },
  no_answer: { word: "No answer", tone: "bad" },
  busy: { word: "Busy", tone: "hold" },
  rejected: { word: "Rejected", tone: "hold" },
  unreachable: { word: "Unreachable", tone: "bad" },
  failed: { word: "Failed", tone: "bad" },
  voicemail: { word: "Voicemail", tone: "acw" },
  self_served: { word: "Done in the menu", tone: "acw" },
  unknown: { word: "Unknown", tone: "away" },
};

const STAGES = { route: "before anything rang", ivr: "in the menu", queue: "in the queue", ringing: "while it rang", agent_leg: "at the agent's telephone" };
const LINKS = { connecting: "Connecting", connected: "Connected", retrying: "Cut off", refused: "Refuses us", stopped: "Stopped" };
const DIRECTIONS = { inbound: "Inbound", outbound: "Outbound", internal: "Internal" };

export const phaseOf = (call) => PHASES[call.phase?.name] ?? PHASES.routing;
export const stateOf = (agent) => STATES[agent?.state] ?? STATES.offline;
export const outcomeOf = (outcome) => OUTCOMES[outcome] ?? OUTCOMES.unknown;
export const stageText = (stage) => (STAGES[stage] ? t(STAGES[stage]) : "");
export const linkWord = (status) => t(LINKS[status] ?? "Unknown");
export const directionWord = (direction) => (DIRECTIONS[direction] ? t(DIRECTIONS[direction]) : "");

/** An agent's state with its reason: "Not ready · Lunch". */
export function stateText(agent) {
  const word = t(stateOf(agent).word);
  if (agent?.state === "busy" && agent.reason === "ringing") return t("Ringing");
  return agent?.state === "not_ready" && agent.reason ? `${word} · ${t(agent.reason)}` : word;
}

/** "abandoned" in stage "queue": "Gave up in the queue". */
export function outcomeText(outcome, stage) {
  const word = t(outcomeOf(outcome).word);
  return outcome !== "answered" && STAGES[stage] ? t("{outcome} {where}", { outcome: word, where: t(STAGES[stage]) }) : word;
}
