// The administrator's page: how the telephone systems are connected, who may do what, and where events go.
import { audit } from "./admin/audit.js";
import { connections } from "./admin/connections.js";
import { dispositions } from "./admin/dispositions.js";
import { numbers } from "./admin/numbers.js";
import { tokens } from "./admin/tokens.js";
import { users } from "./admin/users.js";
import { webhooks } from "./admin/webhooks.js";
import { get } from "./lib/api.js";
import { h, show } from "./lib/dom.js";
import { wrong } from "./lib/forms.js";
import { learn, t } from "./lib/i18n.js";
import { countTimes, cutOff, shell, signedIn, toSignIn } from "./lib/shell.js";
import { Stream } from "./lib/stream.js";
import { zh } from "./zh/admin.js";
import { zh as common } from "./zh/common.js";

learn(common);
learn(zh);

const state = { me: null, link: { online: true }, at: "", problem: null, loading: false };
const context = { get me() { return state.me; }, redraw };
const SECTIONS = [connections, users, dispositions, numbers, tokens, webhooks, audit].map((make) => make(context));
const allowed = () => SECTIONS.filter((each) => state.me.scopes.includes(each.scope));
const current = () => allowed().find((each) => each.id === state.at) ?? allowed()[0];

const stream = new Stream({
  load: async () => (await get("/api/v1/queues")).position,
  event: (event) => allowed().forEach((each) => each.event?.(event)),
  link(link) {
    state.link = link;
    if (link.online) open();
    redraw();
  },
  refused: toSignIn,
});

async function open() {
  const section = current();
  state.at = section.id;
  document.title = `${section.label} · Tieline`;
  state.loading = true;
  state.problem = null;
  redraw();
  try {
    await section.load();
  } catch (problem) {
    if (problem.status === 401) toSignIn();
    state.problem = problem;
  }
  state.loading = false;
  redraw();
}

let frame = 0;
let focusNext = null;

/** Draw soon; then what `focus` finds, an element or a selector, has the focus. */
function redraw(focus = null) {
  focusNext = focus ?? focusNext;
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    draw();
  });
}

let shown = null;

function draw() {
  const before = document.activeElement;
  const section = current();
  const sections = allowed().map((each) => ({ id: each.id, icon: each.icon, label: each.label, href: `#${each.id}`, current: each === section, badge: each.badge?.() || null, tone: "bad" }));
  const main = h(
    "main",
    { key: "main", class: "main", id: "main", tabindex: "-1", "aria-busy": state.loading ? "true" : null },
    h("div", { key: section.id, class: "column" }, cutOff(state.link, t("What you see is as of then."), () => stream.tryNow()), wrong(state.problem), section.view()),
  );
  show(document.getElementById("page"), shell({ me: state.me, sections: [...sections, ...elsewhere()], top: h("h1", { key: "title", class: "grow" }, section.label), main, skip: t("Skip to the content") }));
  if (shown !== section.id) document.querySelector(".tabbar [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  shown = section.id;
  const wanted = typeof focusNext === "string" ? document.querySelector(focusNext) : focusNext;
  focusNext = null;
  if (wanted?.isConnected) wanted.focus();
  else if (!before.isConnected) document.getElementById("main").focus({ preventScroll: true }); // what had it is gone: go on from here
}

const elsewhere = () => [
  { id: "live", icon: "link", label: t("As it happens"), href: "/live", foot: true, bar: false },
  state.me.role !== "partner" && { id: "board", icon: "board", label: t("Supervisor's page"), href: "/supervisor", foot: true, bar: false },
].filter(Boolean);

state.me = await signedIn();
addEventListener("hashchange", () => {
  state.at = location.hash.slice(1);
  open();
});
state.at = location.hash.slice(1);
countTimes(() => state.link.online);
setInterval(() => state.link.online || redraw(), 1000);
await open();
stream.start();
