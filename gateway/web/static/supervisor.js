// The supervisor's page: who needs help now, what the day was like, and what became of each call.
import { adoptChart, board } from "./supervisor/board.js";
import { agentsSection } from "./supervisor/agents.js";
import { callSection, readCall } from "./supervisor/call.js";
import { callsSection, checkListening } from "./supervisor/calls.js";
import { callbacksSection } from "./supervisor/callbacks.js";
import { Floor } from "./supervisor/floor.js";
import { historySection, readHistory } from "./supervisor/history.js";
import { Steady } from "./supervisor/urgency.js";
import { linkWord } from "./lib/calls.js";
import { now } from "./lib/api.js";
import { h, icon, show, words } from "./lib/dom.js";
import { clock, clockWithSeconds, longDay } from "./lib/format.js";
import { language, learn, t } from "./lib/i18n.js";
import { countTimes, cutOff, shell, signedIn, toSignIn } from "./lib/shell.js";
import { Stream } from "./lib/stream.js";
import { zh } from "./zh/supervisor.js";
import { zh as common } from "./zh/common.js";

learn(common);
learn(zh);

const SECTIONS = {
  board: { icon: "board", label: "Wallboard", bar: "Board", view: board },
  agents: { icon: "people", label: "Agents", view: agentsSection },
  calls: { icon: "phone", label: "Live calls", bar: "Calls", view: callsSection },
  callbacks: { icon: "phone-missed", label: "To call back", bar: "Call back", view: callbacksSection },
  history: { icon: "history", label: "History", view: historySection },
  call: { label: "Call", view: callSection, hidden: true },
};

const page = {
  me: await signedIn(),
  link: { online: true },
  at: "board",
  wall: false,
  ui: { agents: { find: "", state: "" }, agent: null, giving: null, find: "" },
  asking: new Map(), // what was asked and not yet answered -> with which wish
  refusals: new Map(), // where it is shown -> the problem
  listening: null,
  shown: null,
  history: { form: { number: "", name: "", agent: "", queue: "", outcome: "", direction: "", from: "", to: "" }, calls: null, next: null, busy: false, problem: null },
  changed,
  set(change) {
    Object.assign(page, change);
    changed();
  },
  get isCurrent() {
    return page.link.online && page.floor.pbxs.some((each) => each.link.status === "connected");
  },
  /** When what is shown was last true; null while it is. */
  get stopped() {
    return page.link.online ? null : new Date(page.link.since).toISOString();
  },
  /** Ask for something, once; answers null where it is refused, and shows the refusal in its place. */
  async ask(key, place, send, wish = true) {
    if (page.asking.has(key)) return null;
    page.refusals.delete(place);
    page.asking.set(key, wish);
    changed();
    try {
      return (await send()) ?? {};
    } catch (problem) {
      if (problem.status === 401) toSignIn();
      page.refusals.set(place, problem);
      return null;
    } finally {
      page.asking.delete(key);
      changed();
    }
  },
  forget(place) {
    page.refusals.delete(place);
    changed();
  },
  notes: () => [cutOff(page.link, t("What you see is as of then."), () => stream.tryNow()), lostLinks()],
};
page.floor = new Floor(soon, language);
page.steady = new Steady(changed);

/** Telephone systems that are not heard, each with what to do about it. */
const lostLinks = () =>
  page.floor.pbxs
    .filter((each) => page.link.online && each.link.status !== "connected")
    .map((each) => h("div", { key: `link-${each.pbx}`, class: "bar-note", role: "alert" }, icon("link-off"), h("div", { class: "grow" }, h("p", { class: "b" }, `${each.pbx} · ${linkWord(each.link.status)} · ${clock(each.link.since)}`), words("p", each.link.detail, "")), null));

const stream = new Stream({
  load: () => page.floor.load(),
  event: (event) => page.floor.take(event),
  link(link) {
    page.link = link;
    changed();
  },
  refused: toSignIn,
});

const TOGETHER_MS = 200; // what is told within is drawn at once
let frame = 0;
let gathering = 0;

function soon() {
  gathering ||= setTimeout(() => {
    gathering = 0;
    changed();
  }, TOGETHER_MS);
}

function changed() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    draw();
  });
}

function connection() {
  if (page.isCurrent) return h("span", { key: "conn", class: "conn", title: page.floor.pbxs.map((each) => `${each.pbx}: ${linkWord(each.link.status)}`).join(" · ") }, icon("link"), h("span", { class: "hide-m" }, t("Live")));
  if (!page.floor.loaded) return h("span", { key: "conn", class: "conn" }, icon("link"), h("span", { class: "hide-m" }, t("Loading")));
  return h("span", { key: "conn", class: "conn", "data-off": true }, icon("link-off"), h("span", null, t("As of {time}", { time: clockWithSeconds(page.stopped ?? page.floor.pbxs[0]?.link.since ?? now()) })));
}

function draw() {
  checkListening(page);
  const open = [...page.floor.callbacks.values()].filter((each) => !each.owner).length;
  const sections = Object.entries(SECTIONS)
    .filter(([, each]) => !each.hidden)
    .map(([id, each]) => ({ id, icon: each.icon, label: t(each.label), href: `#${id}`, current: id === page.at, badge: id === "callbacks" ? open : null, tone: "bad" }));
  const bar = sections.map((each) => ({ ...each, label: t(SECTIONS[each.id].bar ?? SECTIONS[each.id].label) }));
  sections.push({ id: "live", icon: "link", label: t("As it happens"), href: "/live", foot: true, bar: false });
  if (page.me.role === "admin") sections.push({ id: "admin", icon: "settings", label: t("Administration"), href: "/admin", foot: true, bar: false });
  const top = [
    h("b", { key: "clock", class: "clock num" }, clock(now())),
    h("span", { key: "day", class: "mut hide-m" }, longDay(now())),
    h("span", { key: "grow", class: "grow" }),
    connection(),
    page.at === "board" && h("a", { key: "wall", class: "btn hide-m", href: page.wall ? "#board" : "#wall=1", title: page.wall ? t("Leave the wall") : t("For a big screen") }, icon("expand"), h("span", null, page.wall ? t("Leave") : t("Wall"))),
  ];
  document.documentElement.toggleAttribute("data-wall", page.wall);
  show(document.getElementById("page"), shell({ me: page.me, sections, bar, top, main: SECTIONS[page.at].view(page), skip: t("Skip to the content") }));
  if (page.at === "board") adoptChart(page);
  const dialog = document.getElementById("dialog");
  if (dialog && !dialog.open) dialog.showModal();
}

function navigate() {
  const hash = location.hash.slice(1);
  const [section, id] = hash.split("/");
  page.wall = hash === "wall=1";
  page.at = section in SECTIONS ? section : "board";
  page.ui = { ...page.ui, agent: null, giving: null };
  document.title = `${t(SECTIONS[page.at].label)} · Tieline`;
  if (page.at === "call") readCall(page, decodeURIComponent(id ?? ""));
  if (page.at === "history" && !page.history.calls) readHistory(page);
  changed();
}

addEventListener("hashchange", navigate);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && page.wall) location.hash = "board";
});
countTimes(() => page.link.online);
setInterval(changed, 1000); // who waits too long by now stands higher
navigate();
stream.start();
