// What the CRMs know of the caller: his page there, or who of several he is.
import { path, put } from "../lib/api.js";
import { h, icon, words } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { refused } from "./actions.js";

const KINDS = { contact: "person", lead: "person", company: "queue" };

/** One section a CRM that has something to say, those who know him first; nothing while they are asked. */
export const inCrms = (page, card) => [...(card.crms ?? [])].sort((one, other) => rank(one) - rank(other)).map((known) => section(page, card, known)).filter(Boolean);

/** In how many CRMs somebody has yet to say who of several it is. */
export const undecided = (card) => (card?.crms ?? []).filter((known) => !known.contact && known.matches.length > 1).length;

/** The customer's ids that are somebody's; what Tieline learnt of a CRM is shown by that CRM's name. */
export const ownIds = (card) => card.customer.external_ids.filter((id) => !(card.crms ?? []).some((known) => id.startsWith(`${known.crm}:`)));

const rank = (known) => (known.contact ? 0 : known.matches.length ? 1 : 2);

function section(page, card, known) {
  const { crm, contact, matches, problem } = known;
  if (!contact && !matches.length && !problem) return null;
  const place = `crm ${crm}`;
  const wrong = page.actions.refusal(place);
  const shown = contact ? [contact] : matches;
  const choose = (each) => page.actions.ask(place, each.id, () => put(path`/api/v1/calls/${card.call.call_id}/crms/${crm}`, { contact: each.id }), null);
  return h(
    "section",
    { key: place, class: "sec" },
    h("header", null, h("span", { class: "cap", dir: "auto" }, t("In {crm}", { crm })), !contact && matches.length > 1 && h("span", { key: "many", class: "badge badge-q" }, String(matches.length))),
    problem && h("p", { key: "problem", class: "dim" }, t("{crm} does not say who calls", { crm })),
    !contact && matches.length > 0 && h("p", { key: "which", class: "dim" }, t("Whose call is it?")),
    h("ul", { class: "ids" }, shown.map((each) => person(page, each, place, contact ? null : choose))),
    wrong && h("p", { key: "wrong", class: "err", role: "alert" }, refused(wrong)),
  );
}

function person(page, each, place, choose) {
  const name = each.name ?? each.company ?? each.id;
  const label = each.company && each.company !== name ? `${name} · ${each.company}` : name;
  const safe = /^https?:\/\//.test(each.url ?? "");
  return h(
    "li",
    { key: each.id },
    icon(KINDS[each.kind] ?? "person"),
    safe ? h("a", { class: "grow cut", href: each.url, target: "_blank", rel: "noopener noreferrer", dir: "auto" }, label) : words("span", label, "grow cut"),
    choose && h("button", { key: "choose", class: "btn btn-s", "aria-busy": page.actions.isBusy(place, each.id) ? "true" : null, onclick: () => choose(each) }, t("This one")),
  );
}
