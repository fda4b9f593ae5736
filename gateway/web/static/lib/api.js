// Asks the gateway. A failure is a Problem with words for a person.

/** RFC 9457: status, type, title and detail; status 0 is a gateway that does not answer. */
export class Problem extends Error {
  constructor(problem, retryAfter = null) {
    super(problem.detail || problem.title);
    Object.assign(this, { status: problem.status, type: problem.type?.split(/[/:]/).pop(), title: problem.title, detail: problem.detail, retryAfter });
  }
}

const TIMEOUT_MS = 10_000;

export const get = (path, options) => ask("GET", path, undefined, options);
export const post = (path, body, options) => ask("POST", path, body, options);
export const put = (path, body, options) => ask("PUT", path, body, options);
export const patch = (path, body, options) => ask("PATCH", path, body, options);
export const remove = (path, options) => ask("DELETE", path, undefined, options);

// crypto.randomUUID() is there in secure contexts alone.
const unique = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A command: sent once, however often it is asked for with the same key. */
export const command = (path, body = {}, key = unique()) => post(path, body, { headers: { "Idempotency-Key": key } });

/** A path with what varies in it: path`/api/v1/calls/${id}` */
export const path = (parts, ...values) => parts.reduce((made, part, index) => made + encodeURIComponent(values[index - 1]) + part);

/** A query; what is null, undefined or empty is left out, and lists are joined by commas. */
export function query(where, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "" && value.length !== 0);
  return given.length ? `${where}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : where;
}

async function ask(method, where, body, { headers = {}, signal } = {}) {
  const options = { method, cache: "no-store", headers: { "X-Tieline": "page", ...headers }, signal: signal ?? AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(where, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ status: 0, type: "no-answer", title: "No answer", detail: "The gateway does not answer." });
  }
  noteClock(answer.headers.get("Date"));
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({ title: answer.statusText }));
    throw new Problem({ ...problem, status: answer.status }, Number(answer.headers.get("Retry-After")) || null);
  }
  return answer.status === 204 ? null : answer.json();
}

let ahead = 0;

function noteClock(date) {
  if (!date) return;
  const difference = Date.parse(date) - Date.now();
  // The header has whole seconds: only a clock that is really off is corrected.
  ahead = Math.abs(difference) > 2000 ? difference : 0;
}

/** Now by the gateway's clock, in milliseconds since the epoch. */
export const now = () => Date.now() + ahead;
