// The page of live calls: what the telephone systems say, as it happens.
import { endedCard, figures, liveCard } from "./live/calls.js";
import { eventsCard, keepPlace } from "./live/events.js";
import { Watched } from "./live/watched.js";
import { linkWord } from "./lib/calls.js";
import { h, icon, show, words } from "./lib/dom.js";
import { clockWithSeconds } from "./lib/format.js";
import { learn, t } from "./lib/i18n.js";
import { countTimes, cutOff, shell, signedIn, toSignIn } from "./lib/shell.js";
import { Stream } from "./lib/stream.js";
import { zh } from "./zh/live.js";
import { zh as common } from "./zh/common.js";

learn(common);
learn(zh);

const STEP_MS = 500; // for what changes by time alone

const page = {
  me: await signedIn(),
  link: { online: true },
  chosen: null,
  pointed: false, // the pointer is on the live rows: they keep their places
  changed,
  choose(id) {
    page.chosen = page.chosen === id ? null : id;
    document.getElementById("stream").scrollTop = 0;
    changed();
  },
  /** When what is shown of this telephone system was last true; null while it is. */
  stoppedAt(pbx) {
    if (!page.link.online) return new Date(page.link.since).toISOString();
    const link = page.watched.pbxs.find((each) => each.pbx === pbx)?.link;
    return !link || link.status === "connected" ? null : link.since;
  },
};
page.watched = new Watched({ changed, merged: (from, into) => page.chosen === from && page.choose(into), mayReadPbxs: page.me.scopes.includes("system:read") });

const stream = new Stream({
  load: () => page.watched.load(),
  event: (event) => page.watched.take(event),
  link(link) {
    page.link = link;
    if (link.online) page.watched.readAll();
    changed();
  },
  refused: toSignIn,
});

let frame = 0;

function changed() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    draw();
  });
}

function links() {
  const { pbxs, loaded } = page.watched;
  if (!loaded || !pbxs.length) return connection(loaded);
  return pbxs.map(({ pbx, link }) => {
    const isWell = page.link.online && link.status === "connected";
    const state = page.link.online ? linkWord(link.status) : t("not known");
    return h("span", { key: pbx, class: "conn", title: link.detail, "data-off": !isWell && link.status !== "connecting", "data-wait": !isWell && link.status === "connecting" }, icon(isWell ? "link" : "link-off"), h("span", { class: "cut" }, `${pbx} · ${state}`));
  });
}

/** Of those who may not read how each telephone system is connected. */
const connection = (loaded) => h("span", { key: "gateway", class: "conn", "data-off": !page.link.online }, icon(page.link.online ? "link" : "link-off"), h("span", null, !page.link.online ? t("Cut off") : loaded ? t("Live") : t("Loading")));

function notes() {
  const lost = page.watched.pbxs.filter(({ link }) => page.link.online && (link.status === "retrying" || link.status === "refused"));
  return h(
    "div",
    { key: "notes", class: "notes", id: "notes" },
    cutOff(page.link, t("What you see is as of then."), () => stream.tryNow()),
    lost.map(({ pbx, link }) => h("div", { key: pbx, class: "bar-note", role: "alert" }, icon("link-off"), h("div", { class: "grow" }, h("p", { class: "b" }, t("{pbx} is not heard since {time}", { pbx, time: clockWithSeconds(link.since) })), words("p", link.detail, "")))),
  );
}

function sections() {
  const { me } = page;
  const there = [{ id: "live", icon: "phone", label: t("Live calls"), href: "/live", current: true, badge: null }];
  if (me.role === "agent") there.push({ id: "agent", icon: "person", label: t("Agent's page"), href: "/agent", foot: true });
  if (me.role === "supervisor" || me.role === "admin") there.push({ id: "board", icon: "board", label: t("Supervisor's page"), href: "/supervisor", foot: true });
  if (me.role === "admin" || me.role === "partner") there.push({ id: "admin", icon: "settings", label: t("Administration"), href: "/admin", foot: true });
  return there;
}

function draw() {
  const main = h("main", { key: "live", class: "main lively", id: "main", tabindex: "-1", "data-stale": page.link.online ? null : true }, notes(), figures(page), liveCard(page), endedCard(page), eventsCard(page));
  const top = [h("h1", { key: "title" }, t("Live calls")), h("span", { key: "grow", class: "grow" }), h("div", { key: "links", class: "links", id: "links", role: "group", "aria-label": t("Telephone systems") }, links())];
  const stay = keepPlace();
  show(document.getElementById("page"), shell({ me: page.me, sections: sections(), top, main, skip: t("Skip to the calls") }));
  stay();
}

document.title = `${t("Live calls")} · Tieline`;
countTimes(() => page.link.online);
setInterval(() => {
  if (page.watched.letGo(page.pointed) || !page.link.online) changed();
}, STEP_MS);
changed();
stream.start();
