// What a browser keeps: of the visitor for good, of this tab until it is closed. A browser that keeps nothing forgets on reload.

const NAME = "tieline-chat";

class Kept {
  #storage = null;
  #values = {};

  constructor(storage) {
    try {
      this.#storage = storage();
    } catch {
      // It is forbidden.
    }
  }

  /** What is kept now, by whichever tab. */
  all() {
    try {
      const kept = JSON.parse(this.#storage.getItem(NAME));
      if (kept && typeof kept === "object") this.#values = kept;
    } catch {
      // It is forbidden, or of somebody else.
    }
    return this.#values;
  }

  set(values) {
    this.#values = { ...this.all(), ...values };
    try {
      this.#storage.setItem(NAME, JSON.stringify(this.#values));
    } catch {
      // It is forbidden, or full.
    }
  }
}

/** token, conversation, isOver, seen, language, title */
export const visitor = new Kept(() => localStorage);
/** pending, draft: two tabs write by themselves. */
export const tab = new Kept(() => sessionStorage);
