// What a button asks of the gateway. It stays busy until an event shows what came of it, or the refusal stands beside it.
import { command, path } from "../lib/api.js";
import { t } from "../lib/i18n.js";

const SHOWN_MS = 8_000; // after so long without any event the button is free again: the telephone system said nothing
const PATHS = {
  hang_up: "hang-up", hold: "hold", retrieve: "retrieve", blind_transfer: "transfer", consult: "consult", complete_transfer: "complete-transfer", cancel_transfer: "cancel-transfer",
  redirect: "redirect", send_digits: "digits", start_recording: "recording/start", stop_recording: "recording/stop", pause_recording: "recording/pause", resume_recording: "recording/resume",
};

export class Actions {
  constructor(me, changed) {
    this.me = me;
    this.changed = changed;
    this.busy = new Map(); // "call_id name" -> what the card looked like when it was asked
    this.refusals = new Map(); // where it is shown -> the problem
  }

  isBusy(place, name) {
    return this.busy.has(`${place} ${name}`);
  }

  refusal(place) {
    return this.refusals.get(place) ?? null;
  }

  forget(place) {
    this.refusals.delete(place);
    this.changed();
  }

  /** Ask for something about a call; `place` is where its refusal is shown. */
  call(card, name, fields = {}) {
    const id = card.call.call_id;
    const by = ["redirect", "start_recording", "stop_recording", "pause_recording", "resume_recording"].includes(name) ? {} : { by: this.me.extension };
    return this.ask(id, name, () => command(path`/api/v1/calls/${id}/` + PATHS[name], { ...by, ...fields }), looks(card));
  }

  agent(what, fields = {}) {
    return this.ask("agent", what, () => command(path`/api/v1/agents/${this.me.extension}/` + what, { pbx: this.me.pbx, ...fields }), null);
  }

  dial(number) {
    return this.ask("dial", "dial", () => command("/api/v1/calls", { number, extension: this.me.extension, pbx: this.me.pbx }), null);
  }

  async ask(place, name, send, before) {
    const key = `${place} ${name}`;
    if (this.busy.has(key)) return null;
    this.refusals.delete(place);
    this.busy.set(key, before);
    this.changed();
    try {
      const told = await send();
      if (before === null) this.busy.delete(key);
      else setTimeout(() => this.busy.delete(key) && this.changed(), SHOWN_MS);
      this.changed();
      return told ?? {};
    } catch (problem) {
      this.busy.delete(key);
      this.refusals.set(place, problem);
      this.changed();
      return null;
    }
  }

  /** An event has changed this card: what was asked of it has been answered. */
  settle(card) {
    const id = card.call.call_id;
    for (const [key, before] of this.busy) if (key.startsWith(`${id} `) && before !== looks(card)) this.busy.delete(key);
  }
}

const looks = (card) => `${card.role_of_mine} ${card.controls.join()} ${card.call.phase?.name} ${card.call.phase?.parties}`;

/** A refusal in words. */
export const refused = (problem) => (problem.status === 0 ? t("The gateway does not answer.") : problem.detail || problem.title);
