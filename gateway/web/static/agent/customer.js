// The right column: who it is, what was noted, the calls before this one, and what was written.
import { post } from "../lib/api.js";
import { h, icon, lazy, words } from "../lib/dom.js";
import { initials, languageName, phone, seconds, whenExactly } from "../lib/format.js";
import { outcomeText } from "../lib/calls.js";
import { t } from "../lib/i18n.js";
import { refused } from "./actions.js";
import { inCrms, ownIds } from "./crm.js";
import { nameOf, otherSide } from "./people.js";

const SHOWN_CALLS = 12;
const KINDS = { phone: "phone", email: "mail", wechat: "wechat", web: "web", app: "app" };

export function customerColumn(page, card) {
  return h(
    page.alone === "who" ? "main" : "aside",
    { key: "who", class: "who", "aria-label": t("Customer") },
    card
      ? h("div", { key: card.call.call_id, class: "scroll", tabindex: "0", role: "group", "aria-label": t("Customer") }, of(page, card))
      : h("div", { key: "empty", class: "empty" }, icon("person"), h(page.alone === "who" ? "h1" : "b", null, t("Nobody on the line")), h("p", null, t("The next caller's card, notes and earlier calls appear here while the telephone rings."))),
  );
}

function of(page, card) {
  const { customer } = card;
  const other = otherSide(card, page.desk, page.me);
  const head = h(
    "div",
    { key: "head", class: "cust" },
    h("span", { class: "avatar avatar-l", "aria-hidden": "true" }, initials(customer?.name ?? other.name)),
    h("div", { class: "cut" }, words(page.alone === "who" ? "h1" : "h2", customer?.name ?? other.label), words("p", customer?.company ?? (customer ? other.number : card.early ? t("Loading") : unknown(card)), "mut cut")),
  );
  if (!customer) return [head, inCrms(page, card), newcomer(page, card, other), notesOf(page, card)];
  const tags = [customer.vip && "VIP", ...customer.tags].filter(Boolean);
  return [
    head,
    h(
      "section",
      { key: "card", class: "sec" },
      h("header", null, h("span", { class: "cap" }, t("Card")), h("span", { class: "tag s-ready" }, icon("check"), t("number matches"))),
      tags.length > 0 && h("p", { key: "tags", class: "row wrap" }, tags.map((tag) => h("span", { key: tag, class: tag === "VIP" ? "tag s-acw" : "tag", dir: "auto" }, tag))),
      h("dl", { class: "custdl" }, [[t("Company"), customer.company], [t("Speaks"), customer.language && languageName(customer.language)], [t("Customer no."), ownIds(card).join(", ")]].filter(([, value]) => value).map(([what, value]) => [h("dt", { key: `dt${what}` }, what), h("dd", { key: `dd${what}`, dir: "auto" }, value)])),
    ),
    inCrms(page, card),
    notesOf(page, card),
    earlier(page, card),
    wrote(card),
    h(
      "section",
      { key: "ids", class: "sec" },
      h("header", null, h("span", { class: "cap" }, t("Reached as"))),
      h("ul", { class: "ids" }, customer.identities.map((each) => h("li", { key: each.claim_id }, icon(KINDS[each.kind] ?? "person"), each.kind === "phone" ? h("a", { class: "num grow", href: `tel:${each.value}` }, phone(each.value)) : words("span", each.value, "grow cut"), h("span", { class: "dim" }, t(EVIDENCE[each.evidence] ?? "caller id"))))),
    ),
  ];
}

export const EVIDENCE = { attested: "attested", crm: "from the CRM", typed: "typed in", caller_id: "caller id" };

const unknown = (card) => (card.matches > 1 ? t("{n} customers use this number", { n: card.matches }) : t("Not known yet"));

/** Somebody who is in no list yet: a name makes him a customer, known by this number from now on. */
function newcomer(page, card, other) {
  const number = /^\+\d+$/.test(other.raw ?? "") ? other.raw : null;
  const may = page.me.scopes.includes("customers:write") && number && !card.matches && !other.isColleague && !card.early;
  if (!may) return null;
  const id = card.call.call_id;
  const add = async (event) => {
    event.preventDefault();
    const { name, company } = event.target.elements;
    const body = { name: name.value.trim(), company: company.value.trim() || null, numbers: [number] };
    if (body.name && (await page.actions.ask("customer", "add", () => post("/api/v1/customers", body), null))) page.desk.read(id);
  };
  const problem = page.actions.refusal("customer");
  return h(
    "section",
    { key: "newcomer", class: "sec" },
    h("header", null, h("span", { class: "cap" }, t("New here"))),
    h(
      "form",
      { class: "newcomer", key: id, onsubmit: add },
      h("label", { class: "field" }, t("Name of the caller"), h("input", { class: "in", name: "name", maxlength: "200", autocomplete: "off", placeholder: card.call.caller_name ?? "" })),
      h("label", { class: "field" }, t("Company"), h("input", { class: "in", name: "company", maxlength: "200", autocomplete: "off" })),
      h("button", { class: "btn", "aria-busy": page.actions.isBusy("customer", "add") ? "true" : null }, icon("plus"), t("Add as a customer")),
      problem && h("p", { key: "wrong", class: "err", role: "alert" }, refused(problem)),
    ),
    h("ul", { class: "ids" }, h("li", null, icon("phone"), h("a", { class: "num grow", href: `tel:${number}` }, phone(number)), h("span", { class: "dim" }, t("caller id")))),
  );
}

function notesOf(page, card) {
  const here = new Set(card.notes.map((note) => note.note_id));
  const all = [...card.notes.filter((note) => !note.mine || !note.draft).reverse(), ...(card.customer?.notes ?? []).filter((note) => !here.has(note.note_id))].filter((note) => note.text);
  if (!all.length) return null;
  return h(
    "section",
    { key: "notes", class: "sec" },
    h("header", null, h("span", { class: "cap" }, t("Notes")), h("span", { class: "badge badge-q" }, String(all.length))),
    h("ol", { class: "past" }, all.slice(0, 20).map((note) => lazy(note.note_id, [note.version, note.text, page.desk.colleagues.size], () => h("li", { key: note.note_id }, icon("note"), h("div", { class: "row" }, h("b", null, note.author), h("span", null, whenExactly(note.at))), h("p", { dir: "auto", class: "said" }, linked(note.text)))))),
  );
}

function earlier(page, card) {
  const calls = (card.customer.calls ?? []).filter((call) => call.call_id !== card.call.call_id).slice(0, SHOWN_CALLS);
  return h(
    "section",
    { key: "earlier", class: "sec" },
    h("header", null, h("span", { class: "cap" }, t("Earlier calls")), calls.length > 0 && h("span", { class: "badge badge-q" }, String(calls.length))),
    calls.length
      ? h("ol", { key: "list", class: "past" }, calls.map((call) => lazy(call.call_id, [call.outcome, page.desk.colleagues.size], () => former(page, call))))
      : h("p", { key: "none", class: "dim" }, t("This is the first call that Tieline knows of.")),
  );
}

function former(page, call) {
  const shape = call.outcome !== "answered" ? "phone-missed" : call.direction === "outbound" ? "phone-out" : "phone-in";
  const facts = [call.started_at && whenExactly(call.started_at), seconds(call.talk_s), call.answered_by.map((each) => nameOf(page.desk, each)).join(", ")];
  return h("li", { key: call.call_id }, icon(shape), h("div", { class: "row" }, h("b", null, outcomeText(call.outcome, null)), h("span", null, facts.filter(Boolean).join(" · "))), call.queue && h("p", null, call.queue));
}

/** What the customer wrote before, on channels of text. */
function wrote(card) {
  const chats = card.customer.conversations ?? [];
  if (!chats.length) return null;
  const one = (chat) => h("li", { key: chat.conversation_id }, icon("chat"), h("div", { class: "row" }, h("b", null, whenExactly(chat.started_at)), words("span", chat.agent ?? "")), words("p", chat.summary ?? chat.note ?? "", "said"));
  return h(
    "section",
    { key: "wrote", class: "sec" },
    h("header", null, h("span", { class: "cap" }, t("Earlier conversations")), h("span", { class: "badge badge-q" }, String(chats.length))),
    h("ol", { class: "past" }, chats.map((chat) => lazy(chat.conversation_id, [chat.state, chat.agent, chat.note], () => one(chat)))),
  );
}

const NUMBERS = /(\+\d[\d ()\-]{6,18}\d)/;

/** Numbers in a text can be clicked. */
export const linked = (text) => text.split(NUMBERS).map((part, index) => (index % 2 ? h("a", { key: index, href: `tel:${part.replace(/[^+\d]/g, "")}` }, part) : h("span", { key: index }, part)));
