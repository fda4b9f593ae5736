// The connection to the gateway: what was said, once and in order, however often it breaks; and what is still to be sent.

import { tab, visitor } from "./kept.js";

const ANSWER_MS = 10_000; // for a message to come back to us; a connection without it is dead
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;

export class Link {
  messages = [];
  pending = tab.all().pending ?? [];
  state = null; // {state, agent} of the conversation
  status = "off"; // off, connecting, on, cut, busy
  conversation = visitor.all().conversation;
  #token = visitor.all().token;
  #url;
  #changed;
  #language;
  #socket = null;
  #tries = 0;
  #retry = 0;
  #answer = 0;
  #sent = null; // the key of the message that is on its way

  /** `changed` is called after each change; `language` says the visitor's. */
  constructor(url, changed, language) {
    this.#url = url;
    this.#changed = changed;
    this.#language = language;
    addEventListener("online", () => this.#hurry());
    addEventListener("offline", () => this.#socket && this.#cut());
    addEventListener("pageshow", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  get isOver() {
    return this.state?.state === "closed";
  }

  /** Be connected from now on. */
  open() {
    if (this.status === "off") this.#connect();
  }

  /** Say it, now or when the connection is back; `chosen` is a quick reply's value. */
  write(text, chosen) {
    const key = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#keep([...this.pending, { key, text, chosen }]);
    this.#next();
    this.#changed();
  }

  /** End the conversation. */
  leave() {
    if (this.status === "on") this.#send({ type: "leave" });
  }

  /** Begin a new conversation. */
  again() {
    this.conversation = null;
    this.messages = [];
    this.state = null;
    this.#drop();
    this.#connect();
  }

  #keep(pending) {
    this.pending = pending;
    tab.set({ pending });
  }

  #connect() {
    clearTimeout(this.#retry);
    this.status = this.#tries ? this.status : "connecting";
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () =>
      this.#send({
        type: "hello",
        token: this.#token ?? visitor.all().token, // another tab may have been first
        conversation: this.conversation,
        after: this.messages.at(-1)?.seq ?? 0,
        language: this.#language(),
        page: location.href.slice(0, 4000),
      });
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = () => this.#cut();
    this.#changed();
  }

  /** Let go of the connection, without a word. */
  #drop() {
    clearTimeout(this.#answer);
    this.#sent = null;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #cut() {
    this.#drop();
    if (this.isOver) {
      this.status = "off";
    } else {
      if (this.status !== "busy") this.status = "cut";
      const soon = Math.min(FIRST_RETRY_MS * 2 ** this.#tries, LAST_RETRY_MS);
      this.#tries += 1;
      this.#retryIn(soon * (0.5 + Math.random() / 2));
    }
    this.#changed();
  }

  #retryIn(ms) {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), ms);
  }

  /** Try now what would be tried later. */
  #hurry() {
    if (this.status === "cut" && !this.#socket) this.#connect();
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Send what stands first; the next follows when it has come back, so that their order stays. */
  #next() {
    const [first] = this.pending;
    if (this.status !== "on" || !first || this.#sent === first.key) return;
    this.#sent = first.key;
    this.#send({ type: "message", ...first });
    clearTimeout(this.#answer);
    this.#answer = setTimeout(() => this.#cut(), ANSWER_MS);
  }

  #take(message) {
    if (message.type === "welcome") this.#welcome(message);
    else if (message.type === "message") this.#add(message);
    else if (message.type === "state") this.#turn(message);
    else if (message.type === "refused") this.#refused(message);
    this.#next();
    this.#changed();
  }

  #welcome({ token, conversation, after, messages, state, title }) {
    this.messages = conversation === this.conversation ? this.messages.filter(({ seq }) => seq <= after) : [];
    if (conversation !== visitor.all().conversation) visitor.set({ seen: 0 });
    [this.#token, this.conversation] = [token, conversation];
    visitor.set({ token, conversation, title });
    this.status = "on";
    this.#tries = 0;
    messages.forEach((each) => this.#add(each));
    this.#turn(state);
  }

  #add(message) {
    if (message.seq > (this.messages.at(-1)?.seq ?? 0)) this.messages.push(message);
    if (message.key) this.#done(message.key);
  }

  #done(key) {
    if (key === this.#sent) {
      clearTimeout(this.#answer);
      this.#sent = null;
    }
    if (this.pending.some((each) => each.key === key)) this.#keep(this.pending.filter((each) => each.key !== key));
  }

  #turn({ state, agent }) {
    this.state = { state, agent };
    visitor.set({ isOver: this.isOver });
  }

  #refused({ why, key, wait_s: wait = 30 }) {
    if (key && (why === "too_fast" || why === "unavailable")) {
      clearTimeout(this.#answer);
      setTimeout(() => {
        if (this.#sent === key) this.#sent = null;
        this.#next();
      }, wait * 1000);
    } else if (key) {
      if (why !== "over") this.#done(key); // of one that is over, what was written begins the next
    } else {
      this.status = why === "too_many" ? "busy" : "cut";
      this.#drop();
      this.#tries += 1;
      this.#retryIn(wait * 1000);
    }
  }
}
