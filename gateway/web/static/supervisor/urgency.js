// Who needs help first: queues by how late they are, agents by what they do and for how long.
import { now } from "../lib/api.js";

const GROUPS = { ready: 0, reserved: 1, talking: 1, busy: 1, after_call_work: 2, not_ready: 3, logged_out: 4, offline: 4 };
const NAMES = new Intl.Collator();
const RANKS = { bad: 0, warn: 1, ok: 2 };

export const waitOf = (queue) => (queue.longest_wait_since ? Math.max(0, now() - Date.parse(queue.longest_wait_since)) : 0);

/** "bad", "warn" or "ok". */
export function urgencyOf(queue) {
  const wait = waitOf(queue) / 1000;
  const level = queue.today.service_level;
  if (isLate(queue)) return "bad";
  if (wait > queue.service_level_s || (level !== null && level < queue.service_goal)) return "warn";
  return "ok";
}

/** Somebody waits there too long. */
export const isLate = (queue) => waitOf(queue) / 1000 > queue.waits_too_long_s;

export const byUrgency = (queues) =>
  queues
    .map((queue) => ({ queue, urgency: urgencyOf(queue) }))
    .sort((a, b) => RANKS[a.urgency] - RANKS[b.urgency] || waitOf(b.queue) - waitOf(a.queue) || b.queue.length - a.queue.length || a.queue.queue.localeCompare(b.queue.queue));

export const groupOf = (agent) => GROUPS[agent.state] ?? 4;

/** With a call of a queue its limits hold, else the general ones. */
export const isLong = (agent, floor) => Boolean(agent.since) && (now() - Date.parse(agent.since)) / 1000 > ((floor.limits.get(`${agent.pbx} ${agent.queue}`) ?? floor.tooLong)[agent.state] ?? Infinity);

/** Those who are too long in one state first, then by what they do, then by name. */
export const byNeed = (agents, floor) =>
  agents
    .map((agent) => ({ agent, long: isLong(agent, floor) }))
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
