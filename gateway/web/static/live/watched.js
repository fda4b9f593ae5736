// What is seen on the page of live calls: read once, then kept by the gateway's events. An event only says which call changed; what it
// is now is read from the gateway.
import { get, now, query } from "../lib/api.js";

const REFRESH_MS = 200; // calls that changed within are read together
const REFRESH_AGAIN_MS = 2000; // after a failure
const MOST_CALLS = 300; // read at the beginning
const MOST_IDS = 200; // read at once
const KEPT_EVENTS = 300;
const KEPT_ENDED = 30;
const LINGER_MS = 4000; // an ended call stays in its row so that one sees how it ended

export class Watched {
  /** `changed()` is called after each change, `merged(from, into)` when a call turned out to be part of another. */
  constructor({ changed, merged, mayReadPbxs }) {
    Object.assign(this, { changed, merged, mayReadPbxs });
    this.calls = new Map(); // live ones and those that ended lately, by id; what ended last stands last
    this.leaving = new Map(); // ended calls still in their row -> until when
    this.events = []; // the newest last, each with the key by which its line is known
    this.heard = 0;
    this.pbxs = []; // none for those who may not read that
    this.loaded = false;
    this.touched = new Set();
    this.reading = false;
  }

  /** Read everything; return the position from which events follow. */
  async load() {
    const [pbxs, calls] = await Promise.all([this.mayReadPbxs ? get("/api/v1/pbxs") : { pbxs: [] }, get(query("/api/v1/calls", { limit: MOST_CALLS }))]);
    this.calls = new Map(calls.calls.reverse().map((call) => [call.call_id, call]));
    this.pbxs = pbxs.pbxs;
    this.leaving.clear();
    this.touched.clear();
    this.loaded = true;
    this.changed();
    return calls.position;
  }

  take(event) {
    this.events.push({ ...event, key: (this.heard += 1) }); // positions begin anew with another database
    if (this.events.length > KEPT_EVENTS) this.events.shift();
    if (event.type === "gateway.link_changed") {
      const known = this.pbxs.find((each) => each.pbx === event.pbx);
      if (known) known.link = { ...event.data, since: event.time };
    }
    if (event.call_id) this.touch(event.call_id);
    if (event.type === "call.merged") this.touch(event.data.from);
    this.changed();
  }

  get live() {
    return [...this.calls.values()].filter((call) => call.state === "active");
  }

  readAll() {
    for (const call of this.live) this.touch(call.call_id);
  }

  /** Let go of ended calls that were shown in their rows for long enough; tell whether there were any. */
  letGo(isPointed) {
    const over = isPointed ? [] : [...this.leaving].filter(([, until]) => until < now());
    for (const [id] of over) this.leaving.delete(id);
    return over.length > 0;
  }

  touch(id, delay = REFRESH_MS) {
    this.touched.add(id);
    if (this.reading) return;
    this.reading = true;
    setTimeout(() => this.read(), delay);
  }

  async read() {
    const ids = [...this.touched].slice(0, MOST_IDS);
    let delay = REFRESH_MS;
    for (const id of ids) this.touched.delete(id); // what happens to one while it is read touches it anew
    try {
      const { calls } = await get(query("/api/v1/calls", { ids: ids.join(",") }));
      const known = new Set(calls.map((call) => call.call_id));
      for (const call of calls) this.put(call);
      for (const id of ids) if (!known.has(id)) this.calls.delete(id);
      this.changed();
    } catch {
      for (const id of ids) this.touched.add(id); // the page says by itself that it is cut off
      delay = REFRESH_AGAIN_MS;
    }
    this.reading = false;
    if (this.touched.size) this.touch(this.touched.values().next().value, delay);
  }

  put(call) {
    const before = this.calls.get(call.call_id);
    this.calls.delete(call.call_id);
    if (call.merged_into) {
      this.merged(call.call_id, call.merged_into);
      return;
    }
    if (call.state === "ended" && before?.state === "active") this.leaving.set(call.call_id, now() + LINGER_MS);
    this.calls.set(call.call_id, call);
    const ended = [...this.calls.values()].filter((each) => each.state === "ended");
    for (const old of ended.slice(0, Math.max(0, ended.length - KEPT_ENDED - this.leaving.size))) this.calls.delete(old.call_id);
  }
}
