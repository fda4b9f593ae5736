// What is on the floor now: queues, agents, live calls, callers to call back. Read once, then kept by the gateway's events.
import { get, query } from "../lib/api.js";

const QUEUES_MS = 1_000; // figures are read anew at most this often
const CALLS_MS = 200; // calls that changed within are read together
const LOOK_MS = 1_000; // for what no event tells
const FIGURES_MS = 10_000; // the day's chart
const AGAIN_MS = 2_000; // after a failure
const MOST_IDS = 200;
const MOST_CALLS = 1_000;
const FIGURES_EVENTS = new Set(["call.ended", "call.corrected"]);

export class Floor {
  /** `changed` is called after each change. */
  constructor(changed, language) {
    this.changed = changed;
    this.language = language;
    this.queues = [];
    this.limits = new Map(); // "pbx queue" -> after how many seconds an agent with a call of it is too long in a state
    this.tooLong = {}; // the same with any other call, or none
    this.agents = new Map(); // "pbx extension" -> agent
    this.calls = new Map(); // live ones by id
    this.callbacks = new Map();
    this.pbxs = [];
    this.today = null;
    this.chart = "";
    this.loaded = false;
    this.touched = new Set();
    this.waiting = new Map(); // what is to be read, or is being read -> whether it runs, and is needed again
  }

  /** Read everything; return the position from which events follow. */
  async load() {
    const [queues, agents, calls, pbxs, callbacks] = await Promise.all([
      get("/api/v1/queues"),
      get("/api/v1/agents"),
      get(query("/api/v1/calls", { state: "active", limit: MOST_CALLS })),
      get("/api/v1/pbxs"),
      get(query("/api/v1/callbacks", { state: "open,claimed", limit: 200 })),
    ]);
    this.putQueues(queues.queues);
    this.tooLong = agents.too_long_s;
    this.agents = new Map(agents.agents.map((each) => [keyOf(each), each]));
    this.calls = new Map(calls.calls.map((each) => [each.call_id, each]));
    this.pbxs = pbxs.pbxs;
    this.callbacks = new Map(callbacks.callbacks.map((each) => [each.callback_id, each]));
    this.touched.clear();
    this.loaded = true;
    this.soon("figures", 0, () => this.readFigures());
    this.changed();
    // Whatever happens while the five are read is heard again: what is told twice changes nothing.
    return Math.min(queues.position, agents.position, calls.position, pbxs.position);
  }

  take(event) {
    const { type, pbx, data } = event;
    if (type === "agent.state_changed") {
      this.agents.set(keyOf({ pbx, ...data }), { pbx, ...data });
      this.readQueuesSoon();
    } else if (type === "gateway.link_changed") {
      const known = this.pbxs.find((each) => each.pbx === pbx);
      if (known) known.link = { ...data, since: event.time };
    } else if (type === "callback.changed") {
      this.putCallback(data.callback);
    } else if (event.call_id) {
      this.touched.add(event.call_id);
      if (type === "call.merged") this.touched.add(data.from);
      this.soon("calls", CALLS_MS, () => this.readCalls());
      if (type.startsWith("queue.") || FIGURES_EVENTS.has(type)) this.readQueuesSoon();
      if (FIGURES_EVENTS.has(type)) this.soon("figures", FIGURES_MS, () => this.readFigures());
    }
    this.changed();
  }

  putCallback(entry) {
    if (["open", "claimed"].includes(entry.state)) this.callbacks.set(entry.callback_id, entry);
    else this.callbacks.delete(entry.callback_id);
    this.changed();
  }

  putQueues(queues) {
    this.queues = queues;
    this.limits = new Map(queues.map((each) => [`${each.pbx} ${each.queue}`, each.too_long_s]));
  }

  readQueuesSoon() {
    this.soon("queues", QUEUES_MS, async () => {
      const [queues, today] = await Promise.all([get("/api/v1/queues"), get("/api/v1/figures/today")]);
      this.putQueues(queues.queues);
      this.today = today;
    });
  }

  lookAgain(id) {
    this.soon("look", LOOK_MS, async () => {
      this.touched.add(id);
      this.soon("calls", 0, () => this.readCalls());
    });
  }

  async readCalls() {
    const ids = [...this.touched].slice(0, MOST_IDS);
    if (!ids.length) return;
    for (const id of ids) this.touched.delete(id); // what happens to one while it is read touches it anew
    const { calls } = await get(query("/api/v1/calls", { ids: ids.join(",") })).catch((problem) => {
      for (const id of ids) this.touched.add(id);
      throw problem;
    });
    const read = new Map(calls.map((each) => [each.call_id, each]));
    for (const id of ids) {
      const call = read.get(id);
      if (call?.state === "active") this.calls.set(id, call);
      else this.calls.delete(id);
    }
    if (this.touched.size) setTimeout(() => this.soon("calls", 0, () => this.readCalls()));
  }

  async readFigures() {
    this.today = await get("/api/v1/figures/today");
    const answer = await fetch(query("/api/v1/figures/today.svg", { language: this.language }), { cache: "no-store" });
    if (answer.ok) this.chart = await answer.text();
  }

  /** Do this after a while, once however often it is asked for; try again where the gateway does not answer. */
  soon(name, delay, read) {
    const known = this.waiting.get(name);
    if (known) {
      known.again ||= known.runs; // what is being read may be older than what it is asked for now
      return;
    }
    const one = { runs: false, again: false };
    this.waiting.set(name, one);
    setTimeout(async () => {
      one.runs = true;
      const failed = await read().then(() => false, () => true); // the page says by itself that it is cut off
      this.waiting.delete(name);
      if (failed || one.again) this.soon(name, failed ? AGAIN_MS : delay, read);
      this.changed();
    }, delay);
  }

  agentAt(pbx, extension) {
    return this.agents.get(`${pbx} ${extension}`);
  }
}

export const keyOf = ({ pbx, extension }) => `${pbx} ${extension}`;
