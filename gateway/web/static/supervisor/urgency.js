// Who needs help first: queues by how late they are, agents by what they do and for how long.
import { now } from "../lib/api.js";

/** Of the callers this share is to be answered within the queue's service level. */
export const GOAL = 0.8;

// From so many seconds on somebody is too long in one state.
const LONG_S = { talking: 15 * 60, busy: 15 * 60, after_call_work: 3 * 60, not_ready: 30 * 60, reserved: 60 };
const GROUPS = { ready: 0, reserved: 1, talking: 1, busy: 1, after_call_work: 2, not_ready: 3, logged_out: 4, offline: 4 };
const NAMES = new Intl.Collator();
const RANKS = { bad: 0, warn: 1, ok: 2 };

export const waitOf = (queue) => (queue.longest_wait_since ? Math.max(0, now() - Date.parse(queue.longest_wait_since)) : 0);

/** "bad", "warn" or "ok". */
export function urgencyOf(queue) {
  const wait = waitOf(queue) / 1000;
  const level = queue.today.service_level;
  if (wait > 2 * queue.service_level_s) return "bad";
  if (wait > queue.service_level_s || (level !== null && level < GOAL)) return "warn";
  return "ok";
}

export const byUrgency = (queues) =>
  queues
    .map((queue) => ({ queue, urgency: urgencyOf(queue) }))
    .sort((a, b) => RANKS[a.urgency] - RANKS[b.urgency] || waitOf(b.queue) - waitOf(a.queue) || b.queue.length - a.queue.length || a.queue.queue.localeCompare(b.queue.queue));

export const groupOf = (agent) => GROUPS[agent.state] ?? 4;

export const isLong = (agent) => Boolean(agent.since) && (now() - Date.parse(agent.since)) / 1000 > (LONG_S[agent.state] ?? Infinity);

/** Those who are too long in one state first, then by what they do, then by name. */
export const byNeed = (agents) =>
  agents
    .map((agent) => ({ agent, long: isLong(agent) }))
    .sort((a, b) => b.long - a.long || groupOf(a.agent) - groupOf(b.agent) || NAMES.compare(nameOf(a.agent), nameOf(b.agent)));

export const nameOf = (agent) => agent.name ?? agent.agent ?? agent.extension;

/** Counts by group: ready, on a call, after-call work, not ready, logged out. */
export function mixOf(agents) {
  const counts = [0, 0, 0, 0, 0];
  for (const agent of agents) counts[groupOf(agent)] += 1;
  return counts;
}

/** Keeps rows in their places while the pointer is on them: what is new waits, what is gone stays until it leaves. */
export class Steady {
  constructor(changed) {
    this.changed = changed;
    this.pointed = null;
    this.kept = new Map();
  }

  rows(name, rows, key) {
    if (this.pointed !== name || !this.kept.has(name)) {
      this.kept.set(name, rows);
      return rows;
    }
    const current = new Map(rows.map((row) => [key(row), row]));
    const shown = this.kept.get(name).map((row) => current.get(key(row)) ?? row);
    this.kept.set(name, shown);
    return shown;
  }

  /** Properties of the element around the rows. */
  around(name) {
    return {
      onpointerenter: () => (this.pointed = name),
      onpointerleave: () => {
        this.pointed = null;
        this.changed();
      },
    };
  }
}
