// What every page has around it: sections at the left (a bar below on a telephone), language, theme, who is signed in.
import { get, now, put, remove } from "./api.js";
import { duration, initials } from "./format.js";
import { h, icon } from "./dom.js";
import { language, otherLanguage, switchLanguage, t } from "./i18n.js";

const THEME = "theme";
const HOMES = { agent: "/agent", supervisor: "/supervisor", admin: "/admin", partner: "/live" };

export const homeOf = (me) => HOMES[me.role] ?? "/live";

/** Who is signed in; without a session the page gives way to the sign-in, which leads back here. */
export async function signedIn() {
  try {
    return await get("/api/v1/session");
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    toSignIn();
    return new Promise(() => {}); // the page is gone in a moment
  }
}

export function toSignIn() {
  const here = location.pathname + location.hash;
  location.replace(here === "/" ? "/" : `/?next=${encodeURIComponent(here)}`);
}

export async function signOut() {
  await remove("/api/v1/session").catch(() => {}); // the sign-in says what is wrong with the gateway, if anything
  sessionStorage.clear();
  location.assign("/");
}

/** Light or dark as chosen, else as the system is. */
function applyTheme() {
  const chosen = localStorage.getItem(THEME);
  const theme = chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
}

function switchTheme() {
  localStorage.setItem(THEME, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  applyTheme();
}

applyTheme();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);

/** Remember the user's wish with him, so that he finds it on the next machine; this one has it already. */
export const keepSetting = (change) => put("/api/v1/session/settings", change).catch(() => {});

/**
 * The page around `main`.
 * @param {{me: object, sections: object[], top: any[], main: any, skip: string, settings: () => void}} parts sections are
 *   {id, icon, label, current, badge, tone, href or onclick, foot: only at the left's foot, bar: false where not in the bar below,
 *   drawer: only where the screen is too narrow for the list}; `bar` are those of the bar below where they are others; `settings` opens the
 *   page's own, where it has any
 */
export function shell({ me, sections, bar = sections, top, main, skip, settings }) {
  return [
    h("a", { key: "skip", class: "skip", href: "#main" }, skip),
    h(
      "nav",
      { key: "rail", class: "rail", "aria-label": t("Sections") },
      h("span", { class: "logo" }, icon("logo")),
      sections.filter((each) => !each.foot).map((each) => section(each, "rail-b")),
      h("span", { key: "gap", class: "end" }),
      sections.filter((each) => each.foot).map((each) => section(each, "rail-b")),
      account(me, settings, "avatar"),
    ),
    h("header", { key: "top", class: "top" }, top, preferences(me, settings)),
    main,
    h(
      "nav",
      { key: "bar", class: "tabbar", "aria-label": t("Sections") },
      bar.filter((each) => each.bar !== false).map((each) => section(each, "", true)),
    ),
  ];
}

function section(each, classes, withLabel = false) {
  const properties = {
    key: each.id,
    class: [classes, each.drawer && "only-l"].filter(Boolean).join(" ") || null,
    "aria-current": each.current ? "page" : null,
    "aria-label": withLabel ? null : each.label,
    title: withLabel ? null : each.label,
    onclick: each.onclick,
    href: each.href,
  };
  const badge = each.badge ? h("span", { class: `badge ${each.tone === "bad" ? "badge-bad" : ""}` }, String(each.badge)) : null;
  return h(each.href ? "a" : "button", properties, icon(each.icon), h("span", { class: withLabel ? null : "rail-t" }, each.label), badge);
}

// The dialog is loaded by who opens it; while the gateway does not answer it cannot be, and the page says so already.
const openAccount = (me, settings) => import("./account.js").then((account) => account.openAccount(me, settings), () => {});

const account = (me, settings, classes) => h("button", { key: "me", class: classes, title: me.name, "aria-haspopup": "dialog", "aria-label": t("Account of {name}", { name: me.name }), onclick: () => openAccount(me, settings) }, initials(me.name));

const preferences = (me, settings) =>
  h(
    "span",
    { class: "row prefs", key: "prefs" },
    h(
      "button",
      { class: "btn btn-q btn-s", lang: otherLanguage === "zh" ? "zh-CN" : "en", "aria-label": "Language: 中文 / English", title: "中文 / English", onclick: () => keepSetting({ language: otherLanguage }).then(switchLanguage) },
      language === "en" ? "中文" : "English",
    ),
    h("button", { class: "btn-i hide-m", "aria-label": t("Light or dark"), title: t("Light or dark"), onclick: switchTheme }, icon("theme")),
    account(me, settings, "avatar only-s"),
  );

/** A time that counts on from `since` by itself; it stands still at `until`, and says nothing when nobody knows it. */
export function timer(since, { until = null, classes = "", ...more } = {}) {
  if (!since) return h("time", { class: classes, ...more });
  const from = Date.parse(since);
  if (until) return h("time", { class: classes, ...more }, duration(Date.parse(until) - from));
  return h("time", { class: classes, "data-since": from, ...more }, duration(now() - from));
}

/** Let the times count, once a second, and what rings move a step with them; a page that is cut off stands. */
export function countTimes(isCurrent) {
  setInterval(() => {
    if (!isCurrent() || document.visibilityState === "hidden") return;
    document.documentElement.toggleAttribute("data-odd");
    for (const each of document.querySelectorAll("time[data-since]")) {
      const text = duration(now() - Number(each.dataset.since));
      if (each.textContent !== text) each.firstChild.data = text;
    }
  }, 1000);
}

/** Cut off from the gateway: since when, what still holds, and what can be done; nothing while it is there. */
export function cutOff(link, what, onRetry) {
  if (link.online) return null;
  const next = Math.max(0, Math.ceil((link.retryAt - Date.now()) / 1000));
  return h(
    "div",
    { key: "cut-off", class: "bar-note enter", role: "alert" },
    icon("link-off"),
    h("div", { class: "grow" }, h("p", { class: "b" }, t("No connection to Tieline since {time}", { time: new Date(link.since).toLocaleTimeString() })), h("p", null, what)),
    h("span", { class: "mut num hide-m", "aria-hidden": "true" }, next ? t("Again in {n} s", { n: next }) : t("Trying")),
    h("button", { class: "btn btn-s", onclick: onRetry }, t("Try now")),
  );
}
