// The left column: the calls of now, and the callers whom somebody has to call back.
import { path, post } from "../lib/api.js";
import { h, icon, lazy, mark, words } from "../lib/dom.js";
import { initials, phone, seconds, when } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { command } from "../lib/api.js";
import { timer } from "../lib/shell.js";
import { refused } from "./actions.js";
import { otherSide } from "./people.js";

const PARTS = {
  ringing: { word: "Ringing", mark: "ringing", tone: "ringing" },
  connected: { word: "Talking", mark: "talking", tone: "talking" },
  held: { word: "On hold", mark: "hold", tone: "hold" },
  consulting: { word: "Consulting", mark: "talking", tone: "talking" },
  ended: { word: "Ended", mark: "out", tone: "away" },
};

export function workList(page) {
  const { desk, me } = page;
  const callbacks = [...desk.callbacks.values()].sort((a, b) => mine(page, b) - mine(page, a) || b.last_at.localeCompare(a.last_at));
  const lines = desk.lines;
  return h(
    page.alone === "list" ? "main" : "aside",
    { key: "list", class: "list", "aria-label": t("Work list"), id: "list" },
    h("header", { class: "list-h" }, h(page.alone === "list" ? "h1" : "h2", { class: "cap" }, t("Work list")), h("button", { class: "btn-i end only-drawer", "aria-label": t("Close"), onclick: () => page.set({ list: false }) }, icon("x"))),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": t("Work list") },
      h("div", { key: "now-h", class: "group" }, h("span", { class: "cap" }, t("Now"))),
      h(
        "ul",
        { key: "now" },
        lines.map((card) => h("li", { key: card.call.call_id }, line(page, card))),
        desk.wrapUp && h("li", { key: "wrap" }, wrapLine(page)),
        // The next call takes its place: what is below stays where it is.
        !lines.length && !desk.wrapUp && h("li", { key: "none", class: "item" }, h("span", { class: "ico" }, icon("phone")), h("span", { class: "dim" }, t("No call"))),
      ),
      h("div", { key: "missed-h", class: "group" }, h("span", { class: "cap" }, t("To call back")), h("span", { class: "badge badge-q" }, String(callbacks.length))),
      page.actions.refusal("callbacks") && h("p", { key: "refused", class: "err listerr", role: "alert" }, refused(page.actions.refusal("callbacks"))),
      callbacks.length
        ? h("ul", { key: "missed" }, callbacks.map((each) => lazy(each.callback_id, [each, me.user_id, page.actions.busy.size, page.isCurrent], () => entry(page, each))))
        : h("div", { key: "none", class: "empty small" }, icon("check"), h("b", null, t("Nobody to call back")), h("p", null, t("Callers of your queues whom nobody answered appear here."))),
      page.chats?.group(),
    ),
  );
}

function line(page, card) {
  const other = otherSide(card, page.desk, page.me);
  const part = PARTS[page.desk.consultationOf(card) ? "consulting" : card.role_of_mine] ?? PARTS.ended;
  const outward = card.call.caller === page.me.extension;
  return h(
    "button",
    { class: "item", "aria-current": page.current === card ? "true" : null, onclick: () => page.choose(card.call.call_id) },
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(other.name ?? ""), icon(outward ? "phone-out" : "phone-in")),
    h("span", { class: "cut" }, h("span", { class: "l1" }, words("span", other.label)), h("span", { class: "l2" }, words("span", [card.call.queue, card.customer?.company].filter(Boolean).join(" · ") || other.number))),
    h("span", { class: "r" }, h("span", { class: `tag s-${page.isCurrent ? part.tone : "out"}` }, mark(page.isCurrent ? part.mark : "out"), page.isCurrent ? t(part.word) : t("unknown")), timer(card.leg_since, page.isCurrent ? {} : { until: page.asOf })),
  );
}

function wrapLine(page) {
  const card = page.desk.wrapUp;
  return h(
    "button",
    { class: "item", "aria-current": page.current === card ? "true" : null, onclick: () => page.choose("wrap-up") },
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(otherSide(card, page.desk, page.me).name ?? ""), icon("note")),
    h("span", { class: "cut" }, h("span", { class: "l1" }, words("span", otherSide(card, page.desk, page.me).label)), h("span", { class: "l2" }, words("span", card.call.queue ?? t("Not filed yet")))),
    h("span", { class: "r" }, h("span", { class: "tag s-acw" }, mark("acw"), t("Wrap-up"))),
  );
}

const mine = (page, each) => Number(each.owner?.id === page.me.user_id || (each.owner?.extension === page.me.extension && each.owner !== null));

function entry(page, each) {
  const own = Boolean(mine(page, each));
  const facts = [each.queue ?? each.extension, each.outcome === "promised" ? t("promised") : each.waited_s !== null ? t("waited {time}", { time: seconds(each.waited_s) }) : null, when(each.last_at), each.count > 1 ? `${each.count}×` : null, own && each.owner.by ? t("given by {name}", { name: each.owner.by }) : null];
  return h(
    "li",
    { key: each.callback_id, class: "item", "data-callback": each.number },
    h("span", { class: each.owner && !own ? "ico" : "ico s-bad" }, icon(each.outcome === "promised" ? "clock" : "phone-missed")),
    h("span", { class: "cut" }, h("span", { class: "l1" }, words("span", each.caller_name ?? phone(each.number), "cut num", { title: each.number })), h("span", { class: "l2" }, own && h("span", { key: "own", class: "tag s-talking" }, t("Yours")), each.owner && !own && h("span", { key: "owner", class: "tag" }, each.owner.name), words("span", facts.filter(Boolean).join(" · ")))),
    h(
      "span",
      { class: "row tight" },
      !each.owner && act(page, each, "claim", h("button", { key: "claim", class: "btn btn-s", disabled: page.isCurrent ? null : true }, t("Take it"))),
      own && act(page, each, "call", h("button", { key: "call", class: "btn-i", disabled: page.isCurrent ? null : true, "aria-label": `${t("Call back")}: ${each.caller_name ?? phone(each.number)}`, title: t("Call back") }, icon("callback"))),
      own && act(page, each, "done", h("button", { key: "done", class: "btn-i", disabled: page.isCurrent ? null : true, "aria-label": `${t("Done")}: ${each.caller_name ?? phone(each.number)}`, title: t("Done") }, icon("check"))),
    ),
  );
}

function act(page, each, what, button) {
  const where = path`/api/v1/callbacks/${each.callback_id}/` + what;
  const send = { claim: () => post(where), call: () => command(where, undefined), done: () => post(where, {}) }[what];
  button.properties["aria-busy"] = page.actions.isBusy("callbacks", each.callback_id + what) ? "true" : null;
  button.properties.onclick = async () => {
    const told = await page.actions.ask("callbacks", each.callback_id + what, send, null);
    if (told?.callback_id) page.desk.callbackChanged(told);
    else if (what === "call") page.follow(told, each.number);
  };
  return button;
}
