// Follows the gateway: what is now by REST, what happens from there on by WebSocket, and after a cut from the last position on.
import { Problem } from "./api.js";

const FIRST_RETRY_MS = 300;
const MAX_RETRY_MS = 1_800; // a page is true again within 3 s of the gateway's return, however long it was away
const SILENCE_MS = 25_000; // a ping goes out at half of it; without any answer the connection is dead though it looks open
const WAKE_MS = 3_000; // after a sleep the connection must answer within
const CHECK_MS = 500;
const EVENTS_URL = "/api/v1/events";

export class Stream {
  /**
   * @param {object} handlers load() reads what is now and returns the position from which events follow; event(event);
   *   link({online, since, retryAt}) whenever that changes; refused(problem) when another sign-in is needed.
   * @param {string[]|undefined} topics what to hear; everything that one may hear when left out
   */
  constructor(handlers, topics) {
    this.handlers = handlers;
    this.topics = topics;
    this.position = null;
    this.retries = 0;
    this.since = null;
    this.retry = 0; // the timer of the next try; 0 while a try is under way or none is needed
    addEventListener("online", () => this.tryNow());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.wake());
  }

  async start() {
    clearTimeout(this.retry);
    this.retry = 0;
    try {
      if (this.position === null) this.position = await this.handlers.load();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401 || error.status === 403) this.handlers.refused(error);
      else this.lost();
      return;
    }
    this.listen();
  }

  listen() {
    const socket = new WebSocket(new URL(EVENTS_URL, location.href.replace(/^http/, "ws")));
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", after: this.position, topics: this.topics }));
    socket.onmessage = (message) => {
      this.heard();
      this.take(JSON.parse(message.data));
    };
    socket.onclose = () => this.lost();
    this.watch(socket);
  }

  take(message) {
    if (message.type === "subscribed") {
      this.retries = 0;
      this.since = null;
      this.handlers.link({ online: true });
    } else if (message.type === "error" && [401, 403].includes(message.problem?.status)) {
      this.stop();
      this.handlers.refused(new Problem(message.problem));
    } else if (message.type === "error") {
      this.position = null; // what we missed is gone, or too much came at once: begin with what is now
    } else if (message.position !== undefined && message.type !== "pong") {
      this.position = message.position;
      this.handlers.event(message);
    }
  }

  /** Read everything anew and go on from there. */
  reload() {
    this.position = null;
    this.stop();
    this.start();
  }

  stop() {
    this.rest();
    clearTimeout(this.retry);
    this.retry = 0;
    if (this.socket) this.socket.onclose = this.socket.onmessage = null;
    this.socket?.close();
  }

  rest() {
    clearInterval(this.checking);
  }

  /** Look after a connection. What is heard moves no timer: at a big site hundreds of events come a second. */
  watch(socket) {
    this.rest();
    this.heard();
    this.checking = setInterval(() => this.check(socket), CHECK_MS);
  }

  heard() {
    this.heardAt = performance.now();
    this.askedAt = null;
  }

  check(socket) {
    const at = performance.now();
    if (this.askedAt === null) {
      if (at - this.heardAt >= SILENCE_MS / 2) this.ask(socket, SILENCE_MS / 2);
    } else if (at - this.askedAt >= this.patience) {
      socket.onclose = socket.onmessage = null;
      socket.close();
      this.lost();
    }
  }

  /** Have the other side say something within `patience` ms. */
  ask(socket, patience) {
    this.askedAt = performance.now();
    this.patience = patience;
    if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
  }

  /** Look at once whether the connection outlived a sleep of the machine. */
  wake() {
    if (this.retry) this.tryNow();
    else if (this.socket?.readyState === WebSocket.OPEN) this.ask(this.socket, WAKE_MS);
  }

  lost() {
    this.rest();
    this.since ??= Date.now();
    const delay = Math.min(FIRST_RETRY_MS * 1.6 ** this.retries, MAX_RETRY_MS) * (0.75 + Math.random() / 2);
    this.retries += 1;
    this.retry = setTimeout(() => this.start(), delay);
    this.handlers.link({ online: false, since: this.since, retryAt: Date.now() + delay });
  }

  tryNow() {
    if (this.retry) this.start();
  }
}
