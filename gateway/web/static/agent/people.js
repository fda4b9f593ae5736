// Who is on the other side of a call, and who the colleagues are.
import { phone } from "../lib/format.js";
import { stateText } from "../lib/calls.js";
import { t } from "../lib/i18n.js";

const RANK = { ready: 0, after_call_work: 1, reserved: 2, busy: 2, talking: 2, not_ready: 3, offline: 4, logged_out: 5 };

/** {name, number (in groups), raw, label (either), line (a second one), isColleague} of the other side. */
export function otherSide(card, desk, me) {
  const { call } = card;
  const asked = card.consulted_about && call.caller !== me.extension;
  if (asked) {
    const asker = nameOf(desk, call.caller);
    const name = card.customer?.name ?? call.customer?.customer?.name ?? null;
    return { name, number: "", raw: null, label: name ?? t("A customer of {name}", { name: asker }), line: t("{name} asks you about this caller", { name: asker }) };
  }
  const outside = call.direction === "outbound" || (call.direction === "internal" && call.caller === me.extension) || (!call.direction && call.caller === me.extension);
  const raw = outside ? call.called ?? desk.dialled.get(call.call_id) : call.caller;
  const e164 = outside ? call.called_e164 : call.caller_e164;
  const colleague = desk.colleagues.get(raw);
  const name = card.customer?.name ?? colleague?.name ?? (outside ? null : call.caller_name) ?? null;
  const number = raw ? phone(e164 ?? raw) : outside ? t("Unknown") : t("Number withheld");
  return { name, number, raw: e164 ?? raw, label: name ?? number, line: card.customer?.company ?? null, isColleague: Boolean(colleague) };
}

export const nameOf = (desk, extension) => desk.colleagues.get(extension)?.name ?? extension ?? "";

/** Colleagues whom a text finds, who is free first; without the one who asks. */
export function colleagues(desk, me, text = "") {
  const wanted = text.trim().toLowerCase();
  return [...desk.colleagues.values()]
    .filter((each) => each.extension !== me.extension && (each.state !== "logged_out" || wanted))
    .filter((each) => !wanted || each.extension.includes(wanted) || (each.name ?? "").toLowerCase().includes(wanted))
    .sort((a, b) => (RANK[a.state] ?? 9) - (RANK[b.state] ?? 9) || (a.name ?? a.extension).localeCompare(b.name ?? b.extension));
}

/** Queues that a text finds by name or number; all of them where there is none. */
export function queues(desk, text = "") {
  const wanted = text.trim().toLowerCase();
  return desk.queueTargets.filter((each) => !wanted || `${each.name ?? ""} ${each.queue} ${each.number}`.toLowerCase().includes(wanted));
}

export const whyOf = (agent) => [agent.queues?.slice(0, 3).join(", "), stateText(agent)].filter(Boolean).join(" · ");

/** What somebody typed or pasted, as a number to dial; null when it is none. */
export function dialable(text) {
  const digits = text.trim().replace(/^tel:/i, "").replace(/[\s().\-\u2010-\u2015/]/g, "").replace(/^(\+?\d+)\(0\)/, "$1");
  return /^(\+\d{4,15}|[0-9*#]{2,20})$/.test(digits) ? digits : null;
}
