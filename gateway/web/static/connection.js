// Follows the gateway: what is now by REST, what happens from there on by WebSocket, and after a cut from the last position on.
import { credentials, token } from "./signin.js";

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
const SILENCE_MS = 25_000; // a ping goes out at half of it; without any answer the connection is dead though it looks open
const EVENTS_URL = "/api/v1/events";

export class Connection {
  /** handlers: loaded({pbxs, calls}), happened(event), state({online, since, retryAt}), refused(problem) */
  constructor(handlers) {
    this.handlers = handlers;
    this.position = null;
    this.retries = 0;
    this.since = null;
    this.retry = 0; // the timer of the next try; 0 while a try is under way or none is needed
  }

  async start() {
    clearTimeout(this.retry);
    this.retry = 0;
    try {
      if (this.position === null) await this.load();
    } catch (error) {
      if (isRefusal(error.problem)) this.handlers.refused(error.problem);
      else this.lost();
      return;
    }
    this.listen();
  }

  /** Read everything anew; the position given with the calls is where the events go on. */
  async load() {
    const [pbxs, calls] = await Promise.all([readPbxs(), read("/api/v1/calls?limit=300")]);
    this.position = calls.position;
    this.handlers.loaded({ pbxs, calls: calls.calls });
  }

  listen() {
    const socket = new WebSocket(new URL(EVENTS_URL, location.href.replace(/^http/, "ws")));
    this.socket = socket;
    const shown = token() === null ? {} : { token: token() };
    socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", after: this.position, ...shown }));
    socket.onmessage = (message) => {
      this.watch(socket);
      this.take(JSON.parse(message.data));
    };
    socket.onclose = () => this.lost();
    this.watch(socket);
  }

  take(message) {
    if (message.type === "subscribed") {
      this.retries = 0;
      this.since = null;
      this.handlers.state({ online: true });
    } else if (message.type === "error" && isRefusal(message.problem)) {
      this.refuse(message.problem);
    } else if (message.type === "error") {
      // What we missed is gone, or too much came at once: begin with what is now.
      this.position = null;
    } else if (message.position !== undefined && message.type !== "pong") {
      this.position = message.position;
      this.handlers.happened(message);
    }
  }

  refuse(problem) {
    this.socket.onclose = null;
    this.rest();
    this.handlers.refused(problem);
  }

  rest() {
    clearTimeout(this.pinging);
    clearTimeout(this.dying);
  }

  watch(socket) {
    this.rest();
    this.pinging = setTimeout(() => socket.readyState === WebSocket.OPEN && socket.send('{"type":"ping"}'), SILENCE_MS / 2);
    this.dying = setTimeout(() => {
      socket.onclose = null;
      socket.close();
      this.lost();
    }, SILENCE_MS);
  }

  lost() {
    this.rest();
    this.since ??= Date.now();
    const delay = Math.min(FIRST_RETRY_MS * 2 ** this.retries, MAX_RETRY_MS) * (0.75 + Math.random() / 2);
    this.retries += 1;
    this.retry = setTimeout(() => this.start(), delay);
    this.handlers.state({ online: false, since: this.since, retryAt: Date.now() + delay });
  }

  tryNow() {
    if (this.retry) this.start();
  }
}

/** The records of these calls as they are now. */
export async function readCalls(ids) {
  return (await read(`/api/v1/calls?ids=${ids.map(encodeURIComponent).join(",")}`)).calls;
}

/** How each telephone system is connected; none to those who may not read that. */
async function readPbxs() {
  try {
    return (await read("/api/v1/pbxs")).pbxs;
  } catch (error) {
    if (error.problem?.status === 403) return [];
    throw error;
  }
}

/** Whether it takes another token, and not another try. */
const isRefusal = (problem) => problem?.status === 401 || problem?.status === 403;

async function read(path) {
  const answer = await fetch(path, { cache: "no-store", headers: credentials(), signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw Object.assign(new Error(`${path}: ${answer.status}`), { problem: await answer.json().catch(() => null) });
  noteClock(answer.headers.get("Date"));
  return answer.json();
}

let ahead = 0;

function noteClock(date) {
  const difference = Date.parse(date) - Date.now();
  // The header has whole seconds: only a clock that is really off is corrected.
  ahead = Math.abs(difference) > 2000 ? difference : 0;
}

/** Now by the gateway's clock, in milliseconds. */
export const now = () => Date.now() + ahead;
