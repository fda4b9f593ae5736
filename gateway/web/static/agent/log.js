// The course of one call so far, from its record.
import { h } from "../lib/dom.js";
import { clockWithSeconds, seconds } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { timer } from "../lib/shell.js";
import { nameOf } from "./people.js";

export function callLog(page, card) {
  const entries = entriesOf(page, card).sort((a, b) => a.at.localeCompare(b.at));
  const last = entries.length - 1;
  return h(
    "ol",
    { class: "log" },
    entries.map((each, index) =>
      h("li", { key: `${each.at}${each.text}`, class: each.now && index === last ? "now" : null }, h("time", null, clockWithSeconds(each.at)), h(each.now ? "b" : "span", { dir: "auto" }, each.text), each.now && page.isCurrent ? timer(each.at) : h("span", { class: "dim num" }, each.length ?? "")),
    ),
  );
}

function entriesOf(page, card) {
  const { call } = card;
  const entries = [];
  const add = (at, text, more = {}) => at && entries.push({ at, text, ...more });
  add(call.started_at, call.ivr_path?.length ? t("Menu: {names}", { names: call.ivr_path.join(", ") }) : t("The call began"), { length: call.ivr_path?.length ? seconds(call.ivr_s) : "" });
  for (const queue of call.queues ?? []) add(queue.joined_at, t("Waits in {queue}", { queue: queue.queue }), { length: seconds(queue.wait_s) });
  for (const leg of call.legs ?? []) {
    const extension = leg.device.split("/").at(-1);
    const isMine = extension === page.me.extension;
    if (!isMine && !page.desk.colleagues.has(extension)) continue;
    const { alerting, connected, cleared } = leg.state_times;
    const who = isMine ? t("your telephone") : nameOf(page.desk, extension);
    if (alerting) add(alerting, connected || !cleared ? t("Rings at {who}", { who }) : t("Rang at {who}, not answered", { who }), { length: cleared && !connected ? seconds((Date.parse(cleared) - Date.parse(alerting)) / 1000) : "" });
    add(connected, isMine ? t("Connected to you") : t("Connected to {who}", { who }), { now: !cleared, length: cleared ? seconds((Date.parse(cleared) - Date.parse(connected)) / 1000) : "" });
  }
  if (call.phase?.name === "held") add(call.phase.since, t("On hold"), { now: true });
  return entries;
}
