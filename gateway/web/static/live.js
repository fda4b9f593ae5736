// The page of live calls. Truth, not hope: an event only says which call changed; what it is now is read from the gateway.
import { Connection, now, readCalls } from "./connection.js";
import { ask, token } from "./signin.js";
import { render, renderLinks, renderNotes, tellEvent, tick } from "./view.js";

const REFRESH_MS = 200; // calls that changed within are read together
const REFRESH_AGAIN_MS = 2000; // after a failure
const KEPT_EVENTS = 300;
const KEPT_ENDED = 30;
const LINGER_MS = 4000; // an ended call stays in its row so that one sees how it ended

const state = {
  calls: new Map(), // live ones and those that ended lately, by id
  leaving: new Map(), // ended calls still in their row -> until when
  events: [],
  pbxs: new Map(),
  link: { online: true },
  chosen: null,
  pointed: false, // the pointer is on the live rows: they keep their places
};
const changed = new Set();
let refreshing = false;

const connection = new Connection({
  loaded({ pbxs, calls }) {
    state.calls = new Map(calls.reverse().map((call) => [call.call_id, call])); // what ended last stands last
    state.pbxs = new Map(pbxs.map((pbx) => [pbx.pbx, pbx]));
    state.leaving.clear();
    changed.clear();
    draw();
  },
  happened(event) {
    state.events.push(event);
    if (state.events.length > KEPT_EVENTS) state.events.splice(0, state.events.length - KEPT_EVENTS);
    tellEvent(state, event);
    if (event.type === "gateway.link_changed") {
      const pbx = state.pbxs.get(event.pbx);
      if (pbx) pbx.link = { ...event.data, since: event.time };
      renderNotes(state);
      draw();
    }
    if (event.call_id) touch(event.call_id);
    if (event.type === "call.merged") touch(event.data.from);
  },
  state(link) {
    state.link = link;
    document.body.toggleAttribute("data-off", !link.online);
    renderLinks(state);
    renderNotes(state);
    if (link.online) for (const call of live()) touch(call.call_id);
  },
  refused(problem) {
    ask(token() === null ? "" : problem.detail, () => connection.start());
  },
});

const live = () => [...state.calls.values()].filter((call) => call.state === "active");

function touch(id, delay = REFRESH_MS) {
  changed.add(id);
  if (!refreshing) {
    refreshing = true;
    setTimeout(refresh, delay);
  }
}

async function refresh() {
  const ids = [...changed].slice(0, 200);
  let delay = REFRESH_MS;
  for (const id of ids) changed.delete(id);
  try {
    const calls = await readCalls(ids);
    const known = new Set(calls.map((call) => call.call_id));
    for (const call of calls) put(call);
    for (const id of ids) if (!known.has(id)) state.calls.delete(id);
    draw();
  } catch {
    for (const id of ids) changed.add(id); // the connection says that we are cut off; they are read when it is back
    delay = REFRESH_AGAIN_MS;
  }
  refreshing = false;
  if (changed.size && state.link.online) touch(changed.values().next().value, delay);
}

function put(call) {
  const before = state.calls.get(call.call_id);
  if (call.merged_into) {
    state.calls.delete(call.call_id);
    if (state.chosen === call.call_id) state.chosen = call.merged_into;
    return;
  }
  if (call.state === "ended" && before?.state === "active") state.leaving.set(call.call_id, now() + LINGER_MS);
  state.calls.delete(call.call_id); // what ends last stands last
  state.calls.set(call.call_id, call);
  const ended = [...state.calls.values()].filter((each) => each.state === "ended");
  for (const old of ended.slice(0, Math.max(0, ended.length - KEPT_ENDED - state.leaving.size))) state.calls.delete(old.call_id);
}

let drawing = 0;
function draw() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    render(state);
  });
}

function choose(id) {
  state.chosen = state.chosen === id ? null : id;
  render(state);
  tellEvent(state, null);
}

for (const list of ["live", "ended"]) {
  document.getElementById(list).addEventListener("click", (click) => {
    const row = click.target.closest("[data-id]");
    if (row) choose(row.dataset.id);
  });
}
document.getElementById("all").addEventListener("click", () => choose(state.chosen));
document.getElementById("notes").addEventListener("click", (click) => click.target.closest("[data-retry]") && connection.tryNow());
const rows = document.getElementById("live");
rows.addEventListener("pointerenter", () => (state.pointed = true));
rows.addEventListener("pointerleave", () => {
  state.pointed = false;
  draw();
});

const themes = { light: "dark", dark: "light" };
const preferred = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
const root = document.documentElement;
const saved = localStorage.getItem("theme");
if (saved in themes) root.dataset.theme = saved;
document.getElementById("theme").addEventListener("click", () => {
  root.dataset.theme = themes[root.dataset.theme ?? preferred()];
  localStorage.setItem("theme", root.dataset.theme);
});

setInterval(() => {
  for (const [id, until] of state.leaving) {
    if (until < now() && !state.pointed) {
      state.leaving.delete(id);
      draw();
    }
  }
  tick(state);
  if (!state.link.online) renderNotes(state);
}, 500);
connection.start();
