// Draws the state: rows are kept and changed in place, so that nothing jumps and a reader keeps his place.
import { now } from "./connection.js";
import { clock, duration, line, linkWord, outcomeOf, outcomeText, PHASES, plain } from "./words.js";

const MAX_ROWS = 200;
const SHOWN_ENDED = 12;
const SHOWN_EVENTS = 200;
const $ = (id) => document.getElementById(id);

/** An element with classes and children: text, elements, or nothing. */
function el(tag, classes, ...children) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function icon(name, classes) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", classes);
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

/** Text of strangers: its own direction, cut at the end, in full on hover. */
function words(tag, text, classes = "cut") {
  const made = el(tag, classes, text ?? "");
  made.dir = "auto";
  if (text) made.title = text;
  return made;
}

/** A time that counts on from `since`, or stands where its PBX was lost; nobody knows it when `since` is null. */
function timer(since, stopped, classes = "") {
  const made = el("time", classes);
  if (since && !stopped) made.dataset.since = String(Date.parse(since));
  made.textContent = since ? duration((stopped ? Date.parse(stopped) : now()) - Date.parse(since)) : "";
  return made;
}

/** Since when the call's PBX is not heard, so that what is shown is as of then; null while it is. */
function lostAt(state, call) {
  const link = state.pbxs.get(call.pbx)?.link;
  return call.state === "ended" || !link || link.status === "connected" ? null : link.since;
}

export function tick(state) {
  if (!state.link.online) return; // what we see is as of then
  for (const each of document.querySelectorAll("time[data-since]")) {
    const text = duration(now() - Number(each.dataset.since));
    if (each.textContent !== text) each.textContent = text;
  }
}

export function render(state) {
  const all = [...state.calls.values()];
  const live = all.filter((call) => call.state === "active" || state.leaving.has(call.call_id));
  live.sort((one, other) => one.started_at.localeCompare(other.started_at));
  const ended = all.filter((call) => call.state === "ended" && !state.leaving.has(call.call_id));
  ended.sort((one, other) => (other.ended_at ?? other.started_at).localeCompare(one.ended_at ?? one.started_at));
  ended.splice(SHOWN_ENDED);
  rows($("live"), live.slice(0, MAX_ROWS), (call) => liveRow(state, call));
  rows($("ended"), ended, (call) => endedRow(state, call));
  const active = live.filter((call) => call.state === "active");
  $("live-count").textContent = active.length;
  $("more").textContent = live.length > MAX_ROWS ? `and ${live.length - MAX_ROWS} more` : "";
  $("nobody").hidden = live.length > 0;
  $("none-ended").hidden = ended.length > 0;
  figures(active);
  renderLinks(state);
}

/** One <li> a call, in this order; a row whose content is the same is left alone. */
function rows(list, calls, draw) {
  const shown = new Set(calls.map((call) => call.call_id));
  const old = new Map([...list.children].map((item) => [item.dataset.key, item]));
  for (const [key, item] of old) if (!shown.has(key)) item.remove();
  let at = list.firstElementChild;
  for (const call of calls) {
    let item = old.get(call.call_id);
    const row = draw(call);
    const same = item && item.dataset.drawn === row.outerHTML.replaceAll(/>\d+:[\d:]+</g, "><");
    if (!item) {
      item = el("li", "enter");
      item.dataset.key = call.call_id;
    }
    if (!same) {
      const focused = item.contains(document.activeElement);
      item.replaceChildren(row);
      item.dataset.drawn = row.outerHTML.replaceAll(/>\d+:[\d:]+</g, "><");
      if (focused) row.focus();
    }
    if (item === at) at = at.nextElementSibling;
    else list.insertBefore(item, at);
  }
}

function button(state, call, classes) {
  const made = el("button", classes);
  made.dataset.id = call.call_id;
  made.setAttribute("aria-pressed", String(state.chosen === call.call_id));
  return made;
}

function liveRow(state, call) {
  const leaving = call.state === "ended";
  const phase = PHASES[call.phase?.name] ?? PHASES.routing;
  const word = call.phase?.name === "served" && call.conference ? "In room" : phase.word;
  const outcome = outcomeOf(call.outcome);
  const unheard = lostAt(state, call);
  const row = button(state, call, `call s-${leaving ? outcome.tone : unheard ? "away" : phase.tone}`);
  row.toggleAttribute("data-ended", leaving);
  row.toggleAttribute("data-unheard", unheard !== null);
  row.append(
    el("span", "phase", icon(leaving ? "st-ended" : `st-${phase.mark}`, "st"), leaving ? outcome.word : word, leaving ? null : timer(call.phase?.since, unheard)),
    party("who", call.caller_name ?? call.caller ?? "Withheld", call.caller_name ? call.caller : ""),
    el("span", "tie"),
    leaving ? party("whom", call.answered_by.at(-1) ?? call.called, outcomeText(call.outcome, call.stage)) : far(call),
    where(call),
    leaving ? el("time", "total", duration(span(call))) : timer(call.started_at, unheard, "total"),
  );
  return row;
}

function party(classes, name, below) {
  return el("span", `party ${classes}`, words("b", name), words("span", below));
}

const directionWord = (call) => (call.direction ? plain(call.direction) : "");

/** Who is at the other end, as far as there is anybody. */
function far(call) {
  const parties = call.phase?.parties ?? [];
  const agent = call.agents.find((each) => each.extension === parties[0]);
  switch (call.phase?.name) {
    case "talking":
    case "held":
      return party("whom", agent && agent.agent !== parties[0] ? agent.agent : parties.join(", "), agent && agent.agent !== parties[0] ? parties[0] : dialled(call));
    case "queued":
      return party("whom", call.queue, parties.length ? `${parties.join(", ")} rings` : "nobody free yet");
    case "in_menu":
      return party("whom", `Menu ${call.ivr_path.at(-1) ?? ""}`, call.digits ? `pressed ${call.digits}` : "nothing pressed yet");
    case "parked":
      return party("whom", `Slot ${call.transfers.at(-1)?.slot ?? "?"}`, dialled(call));
    case "ringing":
    case "dialling":
      return party("whom", parties.join(", ") || call.called, dialled(call));
    default:
      return party("whom", call.called ?? "", "");
  }
}

/** What the caller dialled, where that says more than who is there now. */
const dialled = (call) => (call.called && !call.phase?.parties.includes(call.called) ? `called ${call.called}` : directionWord(call));

function where(call) {
  const made = el("span", "where");
  if (call.queue && call.phase?.name !== "queued") made.append(tag(call.queue));
  if (call.ivr_path.length && call.phase?.name !== "in_menu") made.append(tag(call.digits ? `menu ${call.digits}` : "menu"));
  if (call.conference) made.append(tag(`room ${call.conference}`));
  if (call.transfers.length) made.append(tag("transferred"));
  if (call.recording) made.append(tag("recorded"));
  if (call.complete === false) made.append(tag("heard in part"));
  return made;
}

const tag = (text) => words("span", text, "tag cut");

function endedRow(state, call) {
  const outcome = outcomeOf(call.outcome);
  const row = button(state, call, `past s-${outcome.tone}`);
  const arrow = { inbound: "phone-in", outbound: "phone-out" }[call.direction] ?? "phone";
  row.append(
    icon(arrow, "i"),
    words("b", call.caller_name ?? call.caller ?? "Withheld", "cut from"),
    words("span", call.answered_by.at(-1) ?? call.queue ?? call.called, "cut to"),
    el("span", "out cut", words("span", outcomeText(call.outcome, call.stage), "tag")),
    el("time", "at", clock(call.ended_at ?? call.started_at)),
    el("time", "took num", call.talk_s ? duration(call.talk_s * 1000) : ""),
  );
  return row;
}

const span = (call) => (call.ended_at ? Date.parse(call.ended_at) - Date.parse(call.started_at) : 0);

function figures(active) {
  const count = (...names) => active.filter((call) => names.includes(call.phase?.name)).length;
  const waits = active.filter((call) => call.phase?.name === "queued" && call.phase.since).map((call) => Date.parse(call.phase.since));
  const show = (name, value) => (document.querySelector(`[data-kpi="${name}"]`).textContent = value);
  show("live", active.length);
  show("talking", count("talking", "held"));
  show("ringing", count("ringing", "dialling"));
  show("waiting", count("queued"));
  const longest = document.querySelector('[data-kpi="longest"]');
  if (waits.length) longest.dataset.since = String(Math.min(...waits));
  else delete longest.dataset.since;
  longest.textContent = waits.length ? duration(now() - Math.min(...waits)) : "–";
}

export function renderLinks(state) {
  const drawn = [...state.pbxs.values()].map(({ pbx, link }) => {
    const well = state.link.online && link.status === "connected";
    const made = el("span", "conn", icon(well ? "link" : "link-off", "i"), el("span", "cut", `${pbx} ${state.link.online ? linkWord(link.status) : "not known"}`));
    made.title = link.detail;
    if (!well) made.toggleAttribute(link.status === "connecting" ? "data-wait" : "data-off", true);
    return made;
  });
  $("links").replaceChildren(...drawn);
}

/** What is broken, since when, what still holds, and what can be done. */
export function renderNotes(state) {
  const notes = [];
  if (!state.link.online) {
    const retry = el("button", "btn end", "Try now");
    retry.dataset.retry = "";
    const countdown = el("span", "");
    countdown.id = "countdown";
    countdown.setAttribute("aria-hidden", "true"); // who listens is told once, not each second
    notes.push(note(`Cut off from the gateway since ${clock(state.link.since)}`, "What you see is as of then.", countdown, retry));
  } else {
    for (const { pbx, link } of state.pbxs.values()) {
      if (link.status === "retrying" || link.status === "refused") notes.push(note(`${pbx} is not heard since ${clock(link.since)}`, link.detail));
    }
  }
  const box = $("notes");
  const told = (nodes) => nodes.map((node) => node.dataset.told).join();
  if (told(notes) !== told([...box.children])) box.replaceChildren(...notes);
  const next = Math.ceil((state.link.retryAt - Date.now()) / 1000);
  if (!state.link.online) $("countdown").textContent = next > 0 ? `Next try in ${next} s.` : "Trying.";
}

function note(title, text, ...more) {
  const [below, ...beside] = more;
  const made = el("div", "bar-note", icon("link-off", "i"), el("p", "", el("b", "", title), el("span", "", text), below), ...beside);
  made.dataset.told = title + text;
  return made;
}

let queued = [];
let frame = 0;

/** Put an event on top of the stream; without one, draw the stream anew. */
export function tellEvent(state, event) {
  const list = $("stream");
  if (event === null) {
    queued = [];
    list.replaceChildren(...state.events.filter((each) => wanted(state, each)).slice(-SHOWN_EVENTS).reverse().map((each) => eventLine(state, each)));
    const call = state.calls.get(state.chosen);
    $("chosen").textContent = call ? `of ${call.caller_name ?? call.caller ?? "a withheld number"}` : "";
    $("all").hidden = state.chosen === null;
    return;
  }
  if (wanted(state, event)) queued.push(event);
  if (queued.length > SHOWN_EVENTS) queued.shift(); // a page in the background is not drawn, perhaps for hours
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    $("quiet").hidden = true;
    const added = queued.reverse().map((each) => eventLine(state, each));
    queued = [];
    const top = list.scrollTop;
    const before = list.scrollHeight;
    list.prepend(...added);
    while (list.children.length > SHOWN_EVENTS) list.lastElementChild.remove();
    if (top > 0) list.scrollTop = top + list.scrollHeight - before; // who reads further down keeps his place
  });
}

const wanted = (state, event) => state.chosen === null || event.call_id === state.chosen;

function eventLine(state, event) {
  const { text, mark, tone, loud } = line(event);
  const call = state.calls.get(event.call_id);
  const about = event.call_id ? call?.caller_name ?? call?.caller ?? event.data.caller ?? "" : event.pbx;
  const made = el("li", `ev s-${tone} enter`, el("time", "", clock(event.time)), icon(`st-${mark}`, "st"), el("p", "", text, about && !text.startsWith(about) ? words("span", about) : null));
  made.toggleAttribute("data-loud", loud);
  return made;
}
