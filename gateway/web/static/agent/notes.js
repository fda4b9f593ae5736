// What the agent writes about a call: kept in the tab at each key, at the gateway a moment later, and filed with the wrap-up.
import { path, put } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

const SAVE_MS = 900;
const KEY = (id) => `note ${id}`;

export class Notes {
  constructor(changed) {
    this.changed = changed;
    this.timers = new Map();
    this.chosen = new Map(); // disposition by call, as chosen in this tab
    this.problems = new Map();
    this.saving = new Set();
    this.written = new Map(); // of each call {before, text}: what the gateway took while its card is still the one of before
    this.turns = new Map(); // of each call the last write: one goes out when the one before is answered
  }

  /** The note as it stands: what was typed here and is not yet at the gateway, else the gateway's. */
  text(card) {
    const written = this.written.get(card.call.call_id);
    return sessionStorage.getItem(KEY(card.call.call_id)) ?? (written?.before === kept(card) ? written.text : kept(card));
  }

  disposition(card) {
    return this.chosen.get(card.call.call_id) ?? card.disposition?.id ?? null;
  }

  type(card, text) {
    const id = card.call.call_id;
    sessionStorage.setItem(KEY(id), text);
    clearTimeout(this.timers.get(id));
    this.timers.set(id, setTimeout(() => this.save(card, false), SAVE_MS));
    this.changed();
  }

  choose(card, disposition) {
    this.chosen.set(card.call.call_id, disposition);
    this.changed();
    this.save(card, false);
  }

  /** Resolves to the card as it is then; null when it was refused: the refusal is in `problems`. */
  save(card, done) {
    const id = card.call.call_id;
    const note = this.text(card);
    clearTimeout(this.timers.get(id));
    if (done) this.saving.add(id);
    this.problems.delete(id);
    this.changed();
    // Two at once might overtake each other: what was filed would be a draft again.
    const turn = (this.turns.get(id) ?? Promise.resolve()).then(() => this.write(card, note, done));
    this.turns.set(id, turn);
    return turn.finally(() => this.turns.get(id) === turn && this.turns.delete(id));
  }

  async write(card, note, done) {
    const id = card.call.call_id;
    try {
      const saved = await put(path`/api/v1/calls/${id}/wrap-up`, { disposition: this.disposition(card), note: note || null, done });
      this.written.set(id, { before: kept(card), text: note });
      if ((sessionStorage.getItem(KEY(id)) ?? note) === note) sessionStorage.removeItem(KEY(id));
      if (done) this.chosen.delete(id);
      return saved;
    } catch (problem) {
      // What is typed stays in the tab; it goes out with the next key or when the gateway is back.
      if (done || problem.status !== 0) this.problems.set(id, problem);
      else if (!this.saving.has(id)) this.timers.set(id, setTimeout(() => this.save(card, false), SAVE_MS * 4));
      return null;
    } finally {
      if (done) this.saving.delete(id);
      this.changed();
    }
  }

  /** The call became part of another: what is being written goes with it. */
  move(from, into) {
    const text = sessionStorage.getItem(KEY(from));
    if (text && !sessionStorage.getItem(KEY(into))) sessionStorage.setItem(KEY(into), text);
    sessionStorage.removeItem(KEY(from));
    clearTimeout(this.timers.get(from));
    if (this.chosen.has(from)) this.chosen.set(into, this.chosen.get(from));
  }

  isKept(card) {
    return sessionStorage.getItem(KEY(card.call.call_id)) === null;
  }

  box(card, id, rows) {
    return h("textarea", { key: `${id}-${card.call.call_id}`, class: rows ? "in" : null, id, rows, value: this.text(card), oninput: (event) => this.type(card, event.target.value), "aria-label": rows ? null : t("Note"), spellcheck: "true" });
  }
}

const kept = (card) => card.notes.filter((note) => note.mine && (note.draft || card.done)).at(-1)?.text ?? "";
