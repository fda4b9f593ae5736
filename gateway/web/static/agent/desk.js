// The truth of the agent's page: his calls as cards, his state, his queues. Read once, then changed by events alone.
import { get, path } from "../lib/api.js";

const GONE_MS = 5_000; // a call that somebody else answered stays for a moment, with who it was
const PAINTED_MS = 90; // within which a browser has painted what rings
const AGAIN_MS = 400; // between two reads of one card: a call that changes all the time is read so often at most
const LEFT = "to be filed"; // in the tab's memory, so that a reload does not lose it
const REFRESH_MS = 60_000; // what no event tells is read anew: the day's figures

export class Desk {
  /** @param {object} handlers changed(atOnce), colleaguesChanged(), waitingChanged(), popped(card), removed(callId, into) */
  constructor(me, handlers) {
    this.me = me;
    this.handlers = handlers;
    this.cards = new Map(); // live calls by id, in the order in which they came
    this.wrapUp = null;
    this.became = new Set(); // calls that are part of another now: what was asked about them before says nothing any more
    this.former = new Set(); // calls that were here and went on without this agent
    this.left = null; // the call that was passed on and is still to be filed
    this.wrapUpUntil = null;
    this.mailbox = null;
    this.agent = null;
    this.pbx = null;
    this.queues = [];
    this.queueTargets = []; // all queues that a call can be passed to
    this.waiting = new Map(); // of each queue the callers, as call_id -> since
    this.colleagues = new Map();
    this.callbacks = new Map();
    this.dispositions = [];
    this.problem = null;
    this.reads = new Map(); // of each call: {running, again, at}
    this.dialled = new Map(); // by call, what this page asked to be dialled: the record knows it once the other side is called
    this.popPolicies = new Map(); // of each queue, as its last card said
    this.asked = 0; // how often the desk was asked for
    this.answered = 0; // the last of these whose answer counts
    setInterval(() => this.pbx && this.figures().catch(() => {}), REFRESH_MS);
  }

  /** Read everything; the position from which events follow. */
  async load() {
    const turn = ++this.asked;
    const desk = await get("/api/v1/desk");
    this.pbx = desk.pbx;
    this.agent = desk.agent;
    this.queues = desk.queues;
    this.mailbox = desk.mailbox;
    this.queueTargets = desk.queue_targets;
    this.waiting = new Map(desk.queues.map((queue) => [queue.queue, new Map(queue.waiting.map((each) => [each.call_id, each.joined_at]))]));
    const before = this.cards;
    this.cards = new Map();
    for (const card of desk.cards) this.put(card);
    for (const id of before.keys()) if (!this.cards.has(id)) this.handlers.removed(id, null);
    this.setWrapUp(desk, turn);
    this.handlers.changed(true);
    const left = sessionStorage.getItem(LEFT);
    if (left && !this.left && !this.cards.has(left)) get(path`/api/v1/calls/${left}/card`).then((card) => card.done || card.role_of_mine !== "ended" || this.leaveBehind(card), () => sessionStorage.removeItem(LEFT)).then(() => this.handlers.changed());
    const [callbacks, agents, dispositions] = await Promise.all([
      get("/api/v1/callbacks?state=open,claimed&limit=200"),
      get(`/api/v1/agents?pbx=${encodeURIComponent(desk.pbx.name)}`),
      get("/api/v1/dispositions"),
    ]);
    this.callbacks = new Map(callbacks.callbacks.map((each) => [each.callback_id, each]));
    this.colleagues = new Map(agents.agents.map((each) => [each.extension, each]));
    this.dispositions = dispositions.dispositions.filter((each) => !each.retired);
    this.handlers.changed();
    return desk.position;
  }

  async figures() {
    const turn = ++this.asked;
    const desk = await get("/api/v1/desk");
    this.queues = desk.queues;
    this.mailbox = desk.mailbox;
    this.setWrapUp(desk, turn);
    this.handlers.changed();
  }

  /** Take what is to be written; an answer to what was asked before it was filed does not bring it back. */
  setWrapUp({ wrap_up, wrap_up_until }, turn) {
    if (turn <= this.answered) return;
    this.answered = turn;
    this.wrapUp = wrap_up ?? this.left;
    this.wrapUpUntil = wrap_up_until;
  }

  /** What an event changes; events of what is not this agent's are passed over. */
  take(event) {
    const { type, data } = event;
    if (type === "call.alerting" && this.isMine(event, data.party)) this.rings(event);
    else if (type === "call.ringing_stopped" && this.isMine(event, data.party)) this.stoppedRinging(event);
    else if (type === "call.merged") this.merged(event);
    else if (type === "agent.state_changed") this.agentChanged(event);
    else if (type === "mailbox.changed" && this.isMine(event, data.extension)) this.figures().catch(() => {});
    else if (type === "callback.changed") this.callbackChanged(data.callback);
    else if (type.startsWith("queue.")) this.queueChanged(event);
    else if (type === "gateway.link_changed" && event.pbx === this.pbx?.name) this.linkChanged(event);
    else if (type === "gateway.gap" && event.pbx === this.pbx?.name) this.readAll();
    else if (type.startsWith("customer.")) for (const card of this.cards.values()) if (concerns(card, data)) this.read(card.call.call_id);
    if (type === "call.ended" && this.former.delete(event.call_id)) this.handlers.removed(event.call_id, null);
    if (type.startsWith("call.") && event.call_id && this.isOf(event)) this.read(event.call_id);
  }

  isMine(event, party) {
    return party === this.me.extension && (!this.me.pbx || event.pbx === this.me.pbx);
  }

  isOf(event) {
    if (this.cards.has(event.call_id) || this.wrapUp?.call.call_id === event.call_id) return true;
    if (this.me.pbx && event.pbx !== this.me.pbx) return false;
    const { party, by, to, caller, extension } = event.data;
    return [party, by, to, caller, extension].includes(this.me.extension) && event.type !== "call.ended" && event.type !== "call.ringing_stopped";
  }

  /** Paint the call from what the event says; the rest is read and filled in. */
  rings(event) {
    const { data } = event;
    const known = this.cards.get(event.call_id);
    if (known) return;
    const card = {
      call: {
        call_id: event.call_id, pbx: event.pbx, state: "active", direction: data.direction, caller: data.caller, caller_name: data.caller_name, caller_e164: data.caller_e164,
        called: data.called, queue: data.queue, queues: data.queue ? [{ queue: data.queue, joined_at: data.queued_since }] : [], ivr_path: data.ivr_path ?? [], digits: data.digits ?? "",
        legs: [], transfers: [], recording: null,
      },
      role_of_mine: "ringing", leg: data.leg, leg_since: event.time, pop: (this.popPolicies.get(data.queue ?? "") ?? true), customer: null, matches: 0, notes: [], disposition: null, done: false,
      menu: (data.ivr_path ?? []).map((menu) => ({ menu, digits: "", label: null })), former_agents: [], controls: [], consulted_about: null, early: true,
    };
    this.cards.set(event.call_id, card);
    this.handlers.popped(card);
    this.handlers.changed(true);
  }

  stoppedRinging(event) {
    const card = this.cards.get(event.call_id);
    if (!card || card.role_of_mine !== "ringing") return;
    this.cards.set(event.call_id, { ...card, role_of_mine: "ended", answered_elsewhere_by: event.data.answered_by, over: true, controls: [] });
    this.leave(event.call_id);
    this.handlers.changed();
  }

  merged(event) {
    const { from, into } = event.data;
    this.became.add(from);
    const mine = this.cards.get(from);
    if (!mine) return;
    this.cards.delete(from);
    this.handlers.removed(from, into);
    if (!this.cards.has(into)) this.cards.set(into, { ...mine, call: { ...mine.call, call_id: into }, consulted_about: null, controls: [] });
    this.read(into);
    this.handlers.changed();
  }

  agentChanged(event) {
    const agent = { pbx: event.pbx, ...event.data };
    if (event.pbx !== this.pbx?.name || !agent.extension) return;
    const before = this.colleagues.get(agent.extension)?.call_id;
    this.colleagues.set(agent.extension, agent);
    if (agent.extension !== this.me.extension) {
      // No event of a call tells that one of several telephones has left it.
      if (before && before !== agent.call_id) for (const id of this.cards.keys()) if (id === before || this.became.has(before)) this.read(id);
      this.handlers.colleaguesChanged();
    } else {
      const was = this.agent;
      this.agent = agent;
      const isInCall = ["reserved", "talking", "busy"].includes(agent.state);
      if (isInCall && agent.call_id && !this.cards.has(agent.call_id)) this.read(agent.call_id);
      if (!isInCall) for (const id of this.cards.keys()) this.read(id);
      if (was?.state !== agent.state && (agent.state === "after_call_work" || was?.state === "after_call_work" || agent.reason === "wrap-up")) this.figures().catch(() => {});
      if (String(was?.queues) !== String(agent.queues)) this.readAll();
      this.handlers.changed();
    }
  }

  callbackChanged(callback) {
    // Told as well to who had it and has it no more, though it is of none of his queues.
    const mine = [callback.owner?.extension, callback.extension].includes(this.me.extension) || this.queues.some((each) => each.queue === callback.queue);
    if (mine && ["open", "claimed"].includes(callback.state)) this.callbacks.set(callback.callback_id, callback);
    else this.callbacks.delete(callback.callback_id);
    this.handlers.changed();
  }

  queueChanged(event) {
    const waiting = this.waiting.get(event.data.queue);
    if (!waiting || !event.call_id) return;
    if (event.type === "queue.caller_joined") waiting.set(event.call_id, event.time);
    else waiting.delete(event.call_id);
    this.handlers.waitingChanged();
  }

  linkChanged(event) {
    const was = this.pbx.link.status;
    this.pbx = { ...this.pbx, link: { ...event.data, since: event.time } };
    if (event.data.status === "connected" && was !== "connected") this.readAll();
    this.handlers.changed();
  }

  readAll() {
    this.load().catch((problem) => this.fail(problem));
  }

  /** Read a call's card anew, for the first time once what rings is painted: nothing is to stand in its way; while one read is under way, once more after it. */
  async read(callId) {
    const read = this.reads.get(callId) ?? { running: false, again: false, at: document.visibilityState === "visible" ? performance.now() + PAINTED_MS - AGAIN_MS : -AGAIN_MS };
    this.reads.set(callId, read);
    read.again = true;
    if (read.running) return;
    read.running = true;
    while (read.again) {
      const wait = read.at + AGAIN_MS - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      read.again = false;
      read.at = performance.now();
      try {
        this.put(await get(path`/api/v1/calls/${callId}/card`), callId);
      } catch (problem) {
        if (problem.status === 404) this.drop(callId);
        else if (problem.status !== 0) this.fail(problem);
      }
      this.handlers.changed();
    }
    read.running = false;
    if (!this.cards.has(callId)) this.reads.delete(callId);
  }

  put(card, askedFor = card.call.call_id) {
    const id = card.call.call_id;
    if (this.became.has(id)) return;
    if (askedFor !== id) {
      this.cards.delete(askedFor);
      this.handlers.removed(askedFor, id);
    }
    const known = this.cards.get(id);
    if (known?.over && card.role_of_mine === "ended") return;
    if (card.call.queue !== undefined && card.role_of_mine === "ringing") this.popPolicies.set(card.call.queue ?? "", card.pop);
    if (this.wrapUp?.call.call_id === id && !known) this.wrapUp = card;
    if (this.left?.call.call_id === id) this.left = card;
    if (card.role_of_mine === null) {
      this.drop(id);
    } else if (card.role_of_mine === "ended") {
      this.ended(card, known);
    } else {
      this.cards.set(id, { ...card, leg: known?.leg });
      if (card.consulted_about && known?.call.phase?.name !== card.call.phase?.name) this.readElder(card);
      if (!known || known.role_of_mine !== card.role_of_mine) this.handlers.popped(this.cards.get(id));
    }
  }

  ended(card, known) {
    if (!known) return;
    const id = card.call.call_id;
    // A call of a moment was answered and is over before its card was ever read.
    const answered = card.call.answered_by?.includes(this.me.extension);
    if ((known.role_of_mine === "ringing" && !answered) || known.over) {
      this.cards.set(id, { ...known, ...card, over: true });
      this.leave(id);
      return;
    }
    this.drop(id);
    // One who passed a call on has his part to write though the call goes on.
    if (card.call.state === "active" && card.call.direction !== "internal" && !card.done) this.leaveBehind(card);
    this.figures().catch((problem) => this.fail(problem));
  }

  leaveBehind(card) {
    this.left = this.wrapUp = card;
    sessionStorage.setItem(LEFT, card.call.call_id);
  }

  /** The wrap-up is saved. */
  filed() {
    this.answered = this.asked;
    this.left = this.wrapUp = null;
    sessionStorage.removeItem(LEFT);
  }

  leave(id) {
    setTimeout(() => {
      if (this.cards.get(id)?.over) this.drop(id);
      this.handlers.changed();
    }, GONE_MS);
  }

  drop(id) {
    const card = this.cards.get(id);
    if (!this.cards.delete(id)) return;
    this.former.add(id);
    if (card.consulted_about) this.readElder(card);
    this.handlers.removed(id, null);
  }

  /** What can be done with the call that somebody is asked about has changed with the consultation. */
  readElder(card) {
    if (this.cards.has(card.consulted_about)) this.read(card.consulted_about);
  }

  fail(problem) {
    this.problem = problem;
    this.handlers.changed();
  }

  /** The consultation that is about this call; null where nobody is asked. */
  consultationOf(card) {
    return [...this.cards.values()].find((each) => each.role_of_mine === "consulting" && each.consulted_about === card.call.call_id) ?? null;
  }

  /** What stands in the list: a consultation of one's own is shown with the call that it is about. */
  get lines() {
    return [...this.cards.values()].filter((card) => !(card.role_of_mine === "consulting" && this.cards.has(card.consulted_about)));
  }
}

const concerns = (card, data) => card.customer?.customer_ids?.includes(data.customer_id ?? data.into);
