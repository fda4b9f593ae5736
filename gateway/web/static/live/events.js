// What happens, the newest on top; with a call chosen, what happens to it.
import { h, icon, lazy, mark, words } from "../lib/dom.js";
import { clockWithSeconds, phone } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { callerOf } from "./calls.js";
import { told } from "./told.js";

const SHOWN_EVENTS = 200;

export function eventsCard(page) {
  const { watched, chosen } = page;
  const events = watched.events.filter((each) => chosen === null || each.call_id === chosen).slice(-SHOWN_EVENTS).reverse();
  const call = watched.calls.get(chosen);
  return h(
    "section",
    { key: "events", class: "card a-events", "aria-label": t("What happens") },
    h("header", { class: "card-h" }, h("h2", null, t("As it happens")), chosen !== null && words("span", call ? callerOf(call) : "", "dim cut", { key: "chosen" }), chosen !== null && h("button", { key: "all", class: "btn btn-q btn-s end", onclick: () => page.choose(chosen) }, t("Show all"))),
    h("ol", { key: "stream", id: "stream", tabindex: "0", "aria-label": t("What happens") }, events.map((event) => eventLine(watched, event))),
    events.length === 0 && h("div", { key: "quiet", class: "empty" }, icon("clock"), h("b", null, t("Nothing yet")), h("span", null, t("What happens from now on appears here."))),
  );
}

function eventLine(watched, event) {
  const call = watched.calls.get(event.call_id);
  const about = !event.call_id ? event.pbx : call ? callerOf(call) : phone(event.data.caller ?? "");
  return lazy(event.key, [event, about], () => {
    const { text, shape, tone, isLoud } = told(event);
    return h("li", { class: `ev s-${tone} enter`, "data-loud": isLoud }, h("time", null, clockWithSeconds(event.time)), mark(shape), h("p", { dir: "auto" }, text, about && !text.includes(about) ? words("span", about, "") : null));
  });
}

/** Who reads further down keeps his place: call what this returns once the list is drawn. */
export function keepPlace() {
  const before = document.getElementById("stream");
  const [top, height] = [before?.scrollTop ?? 0, before?.scrollHeight ?? 0];
  return () => {
    if (top > 0) before.scrollTop = top + before.scrollHeight - height;
  };
}
