// The agent's page: what rings, what is talked, whom to call back. What is shown follows the gateway's events alone.
import { Actions } from "./agent/actions.js";
import { below, isOwnCall, refusal, ringingCard, talkCard } from "./agent/cards.js";
import { undecided } from "./agent/crm.js";
import { customerColumn } from "./agent/customer.js";
import { Desk } from "./agent/desk.js";
import { dialBox, dialClicked, Finder } from "./agent/dial.js";
import { colleaguesView, history, idle, readHistory } from "./agent/idle.js";
import { keyDialog, listenToKeys } from "./agent/keys.js";
import { Notes } from "./agent/notes.js";
import { otherSide } from "./agent/people.js";
import { announce, quiet, title } from "./agent/pop.js";
import { settingsDialog } from "./agent/settings.js";
import { closeMenu, stateButton } from "./agent/states.js";
import { workList } from "./agent/worklist.js";
import { wrapUpCard } from "./agent/wrapup.js";
import { get, now } from "./lib/api.js";
import { h, icon, show } from "./lib/dom.js";
import { refused } from "./agent/actions.js";
import { clockWithSeconds, when } from "./lib/format.js";
import { linkWord } from "./lib/calls.js";
import { learn, t } from "./lib/i18n.js";
import { countTimes, cutOff, shell, signedIn, toSignIn } from "./lib/shell.js";
import { Stream } from "./lib/stream.js";
import { zh } from "./zh/agent.js";
import { zh as common } from "./zh/common.js";

const PHONE = matchMedia("(max-width: 700px)");

learn(common);
learn(zh);

const me = await signedIn();
const AFTER_PAINT_MS = 60;
const TOGETHER_MS = 250;
const RANK = { connected: 0, consulting: 1, held: 2, ringing: 3, ended: 9 };

const page = {
  me,
  link: { online: true },
  ui: { menu: false, panel: null, people: "", find: "", digits: "", chosen: null, view: "calls", tab: "call", list: false, keys: false, settings: false },
  history: null,
  current: null,
  chats: null, // what visitors write: loaded when the first conversation is there
  wraps: false, // whether what is shown is to be filed; by then its card may have been read anew
  set(change) {
    Object.assign(page.ui, change);
    changed();
  },
  changed,
  say,
  draw,
  get isCurrent() {
    return page.link.online && page.desk.pbx?.link.status === "connected";
  },
  get asOf() {
    return new Date(page.link.online ? page.desk.pbx?.link.since ?? now() : page.link.since).toISOString();
  },
  choose: (id) => page.set({ chosen: id, panel: null, view: "calls", tab: "call", list: false }),
  chooseNext() {
    const ids = page.desk.lines.map((card) => card.call.call_id).concat(page.desk.wrapUp ? ["wrap-up"] : []);
    const at = ids.indexOf(page.wraps ? "wrap-up" : page.current?.call.call_id);
    if (ids.length) page.choose(ids[(at + 1) % ids.length]);
    return true;
  },
  togglePanel(name) {
    const open = page.ui.panel === name ? null : name;
    page.set({ panel: open, people: "", digits: "", tab: "call" });
    draw();
    document.getElementById("people")?.focus();
  },
  view: (view) => page.set({ view, tab: "call", list: false }),
  closeAll() {
    closeMenu(page);
    page.set({ panel: null, list: false });
    return false;
  },
  async dial(number) {
    page.set({ tab: "call", view: "calls", list: false });
    page.follow(await page.actions.dial(number), number);
  },
  /** Show the call that a command began. */
  follow(told, number) {
    if (!told?.began) return;
    page.desk.dialled.set(told.began, number);
    page.choose(told.began);
    page.desk.read(told.began);
  },
  // One key after the other, in their order.
  sendDigits(card, digits) {
    page.pressing = (page.pressing ?? Promise.resolve()).then(() => page.actions.call(card, "send_digits", { digits }));
  },
  historyToday: () => page.history?.filter((call) => call.started_at && when(call.started_at).includes(":")) ?? null,
};

page.desk = new Desk(me, {
  changed(atOnce = false) {
    if (atOnce) draw();
    else changed();
  },
  // Hundreds of colleagues change all the time: it is drawn where somebody looks at them.
  colleaguesChanged: () => (page.ui.panel || page.ui.view === "colleagues") && changed(),
  waitingChanged: () => page.current || soon(),
  popped,
  removed(id, into) {
    quiet(id);
    if (into) page.notes.move(id, into);
    if (page.ui.chosen === id) page.ui.chosen = into;
    if (!into) page.history = null;
  },
});
page.actions = new Actions(me, changed);
page.notes = new Notes(changed);
page.finder = new Finder(page);

/** Whether a call shows itself: by the gateway's rule, and by the user's wish, which may say less. */
function showsItself(card) {
  if (isOwnCall(page, card) || card.consulted_about) return true;
  const wish = me.settings.pop;
  if (wish === "never" || !card.pop) return false;
  return !(wish === "answered" && card.role_of_mine === "ringing");
}

/** A call is new here, or another thing to the agent than before. */
function popped(card) {
  page.actions.settle(card);
  const id = card.call.call_id;
  if (card.role_of_mine !== "ringing") quiet(id);
  if (card.role_of_mine === "ringing" && !isOwnCall(page, card)) {
    const name = otherSide(card, page.desk, me).label;
    say(`${t("Incoming call")}: ${name}`);
    // The card is painted first: a browser takes its time to begin a sound. What is hidden is not painted.
    const stillRings = () => page.desk.cards.get(id)?.role_of_mine === "ringing";
    setTimeout(() => stillRings() && announce(card, me.settings, name), document.visibilityState === "hidden" ? 0 : AFTER_PAINT_MS);
  }
  const busy = [...page.desk.cards.values()].some((each) => each !== card && each.role_of_mine === "connected");
  const writes = document.activeElement?.id === "reply"; // who writes to a visitor is not torn away
  if (showsItself(card) && !busy && !writes) Object.assign(page.ui, { chosen: id, view: "calls", tab: "call", list: false });
  if (card.role_of_mine !== "ringing" && page.ui.panel === "redirect") page.ui.panel = null;
}

/** What the stage shows: what was chosen, else the call that matters most, else what is to be written. */
function currentOf() {
  const { desk, ui } = page;
  if (ui.chosen === "none" && !desk.cards.size) return null;
  if (ui.chosen === "wrap-up" && desk.wrapUp) return desk.wrapUp;
  const chosen = desk.cards.get(ui.chosen);
  if (chosen) return desk.lines.includes(chosen) ? chosen : desk.cards.get(chosen.consulted_about);
  const [first] = desk.lines.filter(showsItself).sort((a, b) => RANK[a.role_of_mine] - RANK[b.role_of_mine]);
  return first ?? desk.wrapUp;
}

function stage() {
  const { desk, ui, current } = page;
  if (!desk.pbx) return h("div", { key: "loading", class: "empty", role: "status" }, icon("clock"), h("b", null, t("Loading")));
  if (ui.view === "history") return history(page);
  if (ui.view === "colleagues") return colleaguesView(page);
  if (ui.view === "chat") return page.chats.stage();
  if (!current) return idle(page);
  if (page.wraps) return wrapUpCard(page);
  if (current.role_of_mine === "ringing" || current.over) return ringingCard(page, current);
  const dials = isOwnCall(page, current) && current.call.phase?.name !== "talking" && current.call.phase?.name !== "held" && !current.call.answered_at;
  return dials ? ringingCard(page, current) : [talkCard(page, current), below(page, current)];
}

/** A call beside the one that is shown: it must not be missed. */
function alsoRings() {
  const ringing = page.desk.lines.find((card) => card.role_of_mine === "ringing" && !card.over && card !== page.current);
  if (!ringing) return null;
  return h("button", { key: "also", class: "strip also s-ringing", onclick: () => page.choose(ringing.call.call_id) }, icon("st-ringing", "st"), h("b", { dir: "auto", class: "cut" }, otherSide(ringing, page.desk, me).label), h("span", { class: "mut" }, t("rings too")), h("span", { class: "end row" }, t("Show"), icon("right", "i i-s")));
}

function notices() {
  const { desk, link } = page;
  const telephone = desk.pbx?.link;
  return [
    cutOff(link, t("Your call goes on at your telephone. Buttons come back with the connection; what happened meanwhile is read then. Notes can be written on."), () => stream.tryNow()),
    link.online && telephone && telephone.status !== "connected" && h("div", { key: "pbx", class: "bar-note enter", role: "alert" }, icon("link-off"), h("div", { class: "grow" }, h("p", { class: "b" }, t("{pbx}: {state} since {time}", { pbx: desk.pbx.name, state: linkWord(telephone.status), time: clockWithSeconds(telephone.since) })), h("p", null, telephone.detail))),
    desk.problem && h("div", { key: "problem", class: "bar-note enter", role: "alert" }, icon("warn"), h("div", { class: "grow" }, h("p", { class: "b" }, desk.problem.title), h("p", null, refused(desk.problem))), h("button", { class: "btn btn-s", onclick: retry }, t("Try now"))),
  ];
}

function retry() {
  page.desk.problem = null;
  stream.reload();
}

function sections() {
  const { ui, desk } = page;
  const phoneTab = (tab) => ui.tab === tab;
  const open = desk.callbacks.size + (page.chats?.count ?? 0);
  return {
    rail: [
      { id: "calls", icon: "phone", label: t("Calls"), current: ui.view === "calls", onclick: () => page.view("calls") },
      { id: "list", icon: "queue", label: t("Work list"), current: false, badge: open, onclick: () => page.set({ list: !ui.list }), drawer: true },
      { id: "history", icon: "history", label: t("History"), current: ui.view === "history", onclick: () => page.view("history") },
      { id: "people", icon: "people", label: t("Colleagues"), current: ui.view === "colleagues", onclick: () => page.view("colleagues") },
      page.chats?.all.length && { id: "chats", icon: "chat", label: t("Conversations"), current: ui.view === "chat", badge: page.chats.count, onclick: () => page.chats.openNext() },
      { id: "settings", icon: "settings", label: t("Settings"), foot: true, onclick: () => page.set({ settings: true }) },
    ].filter(Boolean),
    bar: [
      { icon: "phone", label: t("Call"), current: phoneTab("call") && ui.view === "calls", onclick: () => page.view("calls") },
      { icon: "queue", label: t("Work"), current: phoneTab("list"), badge: open, onclick: () => page.set({ tab: "list" }) },
      { icon: "person", label: t("Customer"), badge: undecided(page.current), current: phoneTab("who"), onclick: () => page.set({ tab: "who" }) },
      { icon: "people", label: t("Colleagues"), current: ui.view === "colleagues" && phoneTab("call"), onclick: () => page.view("colleagues") },
      { icon: "menu", label: t("More"), current: false, onclick: () => page.set({ settings: true }) },
    ],
  };
}

let frame = 0;
let gathering = 0;

/** Draw what may be a moment late: in a big queue somebody comes or goes all the time. */
function soon() {
  gathering ||= setTimeout(() => {
    gathering = 0;
    changed();
  }, TOGETHER_MS);
}

function changed() {
  frame ||= requestAnimationFrame(draw);
}

function draw() {
  cancelAnimationFrame(frame);
  frame = 0;
  const { desk, ui } = page;
  page.current = ui.view === "chat" ? null : currentOf();
  page.wraps = page.current !== null && page.current === page.desk.wrapUp;
  for (const card of desk.cards.values()) page.actions.settle(card);
  if (page.history === null && !page.reading && desk.pbx && page.link.online) readAgain();
  const shown = ui.view === "calls" ? page.current : null;
  const ringing = desk.lines.find((card) => card.role_of_mine === "ringing" && !card.over);
  title(ringing ? otherSide(ringing, desk, me).label : null);
  const body = document.body;
  // On a phone it stands alone, as the page's main part.
  page.alone = PHONE.matches ? ui.tab : null;
  body.dataset.state = page.isCurrent ? "active" : "offline";
  body.dataset.tab = ui.tab;
  body.dataset.list = ui.list ? "open" : "";
  const { rail, bar } = sections();
  const top = [
    stateButton(page),
    dialBox(page, "dial"),
    h("span", { key: "grow", class: "grow hide-m" }),
    desk.mailbox?.waiting && h("span", { key: "mail", class: "tag", role: "status", title: t("New voicemail") }, icon("mail"), h("span", { class: "hide-m" }, t("New voicemail")), " ", desk.mailbox.new),
    page.isCurrent
      ? h("span", { key: "conn", class: "conn", title: desk.pbx.link.detail }, icon("link"), h("span", { class: "hide-m" }, t("Connected · ext. {extension}", { extension: me.extension })))
      : h("span", { key: "conn", class: "conn", "data-off": true }, icon("link-off"), h("span", { class: "hide-m" }, t("No connection"))),
  ];
  const main = h(
    "div",
    { key: "main", class: "main desk" },
    workList(page),
    h("main", { key: "stage", class: "stage", id: "main", tabindex: "-1", "aria-busy": desk.pbx ? null : "true" }, notices(), alsoRings(), stage(), !page.current && refusal(page, "stage")),
    ui.view === "chat" ? page.chats.who() : customerColumn(page, shown),
  );
  show(document.getElementById("page"), shell({ me, sections: rail, bar, top, main, skip: t("Skip to the call"), settings: () => page.set({ settings: true }) }), ui.keys && keyDialog(page), ui.settings && settingsDialog(page));
  for (const id of ["keys", "settings"]) {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  }
  page.chats?.drawn();
}

async function readAgain() {
  page.reading = true;
  try {
    page.history = await readHistory(page);
  } catch {
    setTimeout(changed, 3000); // the bar says that we are cut off; the list is read again
  }
  page.reading = false;
  changed();
}

let chats = null;

/** Do something with the conversations once the view of them is loaded; in the order in which it was asked. */
function withChats(what) {
  chats ??= import("./agent/conversations.js").then(({ load }) => load(page)).then((loaded) => (page.chats = loaded));
  return chats.then(what);
}

async function readChats() {
  const listed = await get("/api/v1/conversations?state=waiting,human&limit=500").catch((problem) => {
    if (![403, 404].includes(problem.status)) throw problem;
    return { conversations: [] };
  });
  if (listed.conversations.length || chats) await withChats((loaded) => loaded.putAll(listed.conversations));
}

/** Told to readers at once, without taking the focus from a field. */
const live = document.createElement("div");
live.className = "sr";
live.setAttribute("aria-live", "assertive");
document.body.after(live);
function say(text) {
  live.textContent = text;
}

// Of calls only one's own: at a big site those of others are hundreds of events a second.
const HEARD = me.extension ? [`extension:${me.extension}`, "agent", "callback", "conversation", "customer", "gateway", "queue"] : undefined;
const stream = new Stream(
  {
    async load() {
      const position = await page.desk.load();
      await readChats();
      return position;
    },
    event(event) {
      if (event.type.startsWith("conversation.")) withChats((loaded) => loaded.take(event));
      else page.desk.take(event);
    },
    link(link) {
      page.link = link;
      changed();
    },
    refused: toSignIn,
  },
  HEARD,
);

listenToKeys(page);
dialClicked(page);
document.addEventListener("click", (event) => {
  if (page.ui.menu && !event.target.closest(".anchor")) page.set({ menu: false });
});
countTimes(() => page.isCurrent);
setInterval(() => page.link.online || changed(), 1000);
draw();
stream.start().catch((problem) => page.desk.fail(problem));
