// The bar in another program's page. It knows one page, whose origin the gateway has put into this document, and takes
// messages from it alone; its token lives in memory.
const PAGE = document.documentElement.dataset.origin;
const VERSION = 1;
const PATHS = { hold: "hold", retrieve: "retrieve", hang_up: "hang-up", transfer: "transfer" };
const QUIET_MS = 150;
const BACK_MS = 2_000;

const zh = new URLSearchParams(location.search).get("lang")?.startsWith("zh");
const WORDS = {
  wait: ["Waiting for this page to sign in", "等待页面登录"], none: ["No call", "无通话"], away: ["No connection", "连接已断开"], over: ["Sign in again", "请重新登录"],
  ringing: ["Rings", "振铃"], connected: ["Talking", "通话中"], held: ["On hold", "保持中"], calling: ["Calls", "呼叫中"], consulting: ["Asks", "咨询中"], ended: ["Ended", "已结束"],
  hold: ["Hold", "保持"], retrieve: ["Take back", "取回"], hang_up: ["Hang up", "挂断"], dial: ["Call", "呼叫"], number: ["Number", "号码"], withheld: ["Number withheld", "号码未显示"],
};
const say = (word) => WORDS[word]?.[zh ? 1 : 0] ?? word;
document.documentElement.lang = zh ? "zh" : "en";

const bar = document.getElementById("bar");
const state = { token: null, desk: null, note: "wait", problem: null, last: new Map() };
let socket = null;
let reading = null;

const tell = (type, fields = {}) => parent.postMessage({ tieline: VERSION, type, ...fields }, PAGE);

addEventListener("message", (event) => {
  if (event.origin !== PAGE || event.source !== parent || event.data?.tieline !== VERSION) return;
  const { type, token, number, to } = event.data;
  if (type === "token" && typeof token === "string") signIn(token);
  else if (type === "dial" && typeof number === "string") dial(number);
  else if (type === "transfer" && typeof to === "string") act("transfer", { to });
  else if (["hold", "retrieve", "hang_up"].includes(type)) act(type);
});

async function ask(method, path, body) {
  const headers = { Authorization: `Bearer ${state.token}`, "Content-Type": "application/json" };
  if (method === "POST") headers["Idempotency-Key"] = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store", credentials: "omit" });
  const told = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (answer.status === 401) signedOut();
  if (!answer.ok) throw new Error(told?.detail ?? answer.statusText);
  return told;
}

function signIn(token) {
  state.token = token;
  socket?.close();
  read().then(listen, fail);
}

function signedOut() {
  state.token = state.desk = null;
  state.note = "over";
  socket?.close();
  paint();
  tell("token_wanted");
}

async function read() {
  const desk = await ask("GET", "/api/v1/desk");
  const before = state.last;
  Object.assign(state, { desk, note: "none", problem: null, last: new Map(desk.cards.map((card) => [card.call.call_id, card.role_of_mine])) });
  for (const card of desk.cards) if (before.get(card.call.call_id) !== card.role_of_mine) tell(before.has(card.call.call_id) ? "call" : "pop", shown(card));
  for (const id of before.keys()) if (!state.last.has(id)) tell("call", { call_id: id, state: "ended" });
  paint();
  return desk;
}

/** What the page learns of a call. */
const shown = (card) => ({
  call_id: card.call.call_id, state: card.role_of_mine, direction: card.call.direction, number: other(card), name: card.customer?.name ?? card.call.caller_name ?? null,
  queue: card.call.queue ?? null, crms: (card.crms ?? []).map(({ crm, contact, matches }) => ({ crm, contact, matches })),
});

const other = (card) => (card.call.direction === "outbound" ? card.call.called_e164 ?? card.call.called : card.call.caller_e164 ?? card.call.caller);

function listen(desk) {
  if (!state.token) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/api/v1/events`);
  const own = socket;
  own.onopen = () => own.send(JSON.stringify({ type: "subscribe", topics: ["call"], after: desk.position, token: state.token }));
  own.onmessage = (event) => {
    const told = JSON.parse(event.data);
    if (told.type === "subscribed") tell("ready", { extension: desk.agent?.extension ?? null });
    else if (told.type.startsWith?.("call.")) soon();
  };
  own.onclose = () => {
    if (own !== socket || !state.token) return;
    state.note = "away";
    paint();
    setTimeout(() => own === socket && state.token && read().then(listen, () => own.onclose()), BACK_MS);
  };
}

function soon() {
  reading ??= setTimeout(() => {
    reading = null;
    read().catch(fail);
  }, QUIET_MS);
}

function fail(problem) {
  state.problem = problem.message;
  paint();
  tell("problem", { detail: problem.message });
}

const current = () => state.desk?.cards.find((card) => card.role_of_mine !== "ended") ?? null;

function act(name, fields = {}) {
  const card = current();
  if (!card) return;
  const by = state.desk.agent?.extension;
  ask("POST", `/api/v1/calls/${encodeURIComponent(card.call.call_id)}/${PATHS[name]}`, { by, ...fields }).catch(fail);
}

function dial(number) {
  const { agent, pbx } = state.desk ?? {};
  if (agent) ask("POST", "/api/v1/calls", { number, extension: agent.extension, pbx: pbx.name }).catch(fail);
}

function h(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) if (value !== null && value !== false) typeof value === "function" ? made.addEventListener(name, value) : made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== false));
  return made;
}

function paint() {
  const card = current();
  const words = state.problem ?? (card ? say(card.role_of_mine) : say(state.note));
  const who = card && h("b", { class: "who", dir: "auto" }, card.customer?.name ?? card.call.caller_name ?? other(card) ?? say("withheld"));
  const number = card && h("span", { class: "number" }, other(card) ?? "");
  const can = (name) => card?.controls.includes(name);
  const button = (name, look) => h("button", { type: "button", class: look, click: () => act(name) }, say(name));
  const form = !card && state.desk && h("form", { submit: (event) => { event.preventDefault(); dial(event.target.elements.number.value); } }, h("input", { name: "number", type: "tel", "aria-label": say("number"), placeholder: say("number"), autocomplete: "off" }), h("button", null, say("dial")));
  bar.dataset.state = card?.role_of_mine ?? state.note;
  const typed = bar.querySelector("input")?.value ?? "";
  bar.replaceChildren(...[h("span", { class: "state", role: "status" }, words), who, number, h("span", { class: "buttons" }, can("hold") && button("hold"), can("retrieve") && button("retrieve"), can("hang_up") && button("hang_up", "bad")), form].filter(Boolean));
  const field = bar.querySelector("input");
  if (field && typed) field.value = typed;
}

paint();
tell("token_wanted");
