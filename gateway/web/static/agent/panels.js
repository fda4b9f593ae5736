// Whom to consult or to pass the call to, and the keypad.
import { h, icon, lazy, mark, words } from "../lib/dom.js";
import { STATES, stateOf } from "../lib/calls.js";
import { t } from "../lib/i18n.js";
import { timer } from "../lib/shell.js";
import { colleagues, dialable, queues, whyOf } from "./people.js";

const SHOWN = 60; // rows at once: who is free stands first, and typing finds the others
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const LETTERS = { 2: "ABC", 3: "DEF", 4: "GHI", 5: "JKL", 6: "MNO", 7: "PQRS", 8: "TUV", 9: "WXYZ", 0: "+" };

/** `kind` is consult, transfer or redirect: what the list is opened for stands first in each row. */
export function peoplePanel(page, card, kind) {
  const { ui, desk } = page;
  const found = colleagues(desk, page.me, ui.people);
  const lines = queues(desk, ui.people);
  const number = dialable(ui.people);
  const typed = number && ![...found, ...lines].some((each) => (each.extension ?? each.number) === number);
  return [
    h(
      "form",
      { key: "find", class: "panel-h", role: "search", onsubmit: (event) => submit(event, page, card, kind) },
      h("div", { class: "dial" }, icon("search"), h("input", { class: "in", id: "people", value: ui.people, placeholder: t("Colleague, queue or number"), "aria-label": t("Colleague, queue or number"), autocomplete: "off", oninput: (event) => page.set({ people: event.target.value }) })),
    ),
    h(
      "ul",
      { key: "list", class: "people" },
      typed && row(page, card, kind, { key: `n${number}`, name: number, target: number, line: t("This number"), agent: null, isFirst: true }),
      found.slice(0, SHOWN).map((agent, index) => lazy(agent.extension, [agent, kind, page.actions.busy.size, card, !index && !typed], () => row(page, card, kind, { key: agent.extension, name: agent.name ?? agent.extension, target: agent.extension, line: null, agent, isFirst: !index && !typed }))),
      lines.map((each, index) => lazy(`q${each.queue}`, [each, kind, page.actions.busy.size, card, found.length], () => row(page, card, kind, { key: `q${each.queue}`, name: each.name ?? each.queue, target: each.number, line: t("Queue"), agent: null, queue: true, isFirst: !index && !found.length && !typed }))),
      !found.length && !lines.length && !typed && h("li", { key: "none", class: "person" }, icon("people"), h("span", { class: "dim" }, t("Nobody found. A number can be typed as it is dialled."))),
      found.length > SHOWN && h("li", { key: "more", class: "person" }, h("span"), h("span", { class: "dim" }, t("{n} more: type a name or a number", { n: found.length - SHOWN }))),
    ),
  ];
}

/** Enter takes who stands first for what is typed now: what is drawn may be a frame behind. */
function submit(event, page, card, kind) {
  event.preventDefault();
  const { people } = page.ui;
  const target = people.trim() && (colleagues(page.desk, page.me, people)[0]?.extension ?? queues(page.desk, people)[0]?.number ?? dialable(people));
  if (target) go(page, card, kind, target);
}

const COMMANDS = { consult: "consult", transfer: "blind_transfer", redirect: "redirect" };

async function go(page, card, kind, to) {
  if (await page.actions.call(card, COMMANDS[kind], { to })) page.set({ panel: null, people: "" });
}

function row(page, card, kind, { key, name, target, line, agent, queue = false, isFirst }) {
  const { tone, mark: shape } = agent ? stateOf(agent) : STATES.busy;
  const act = (what, text, first) =>
    card.controls.includes(COMMANDS[what]) &&
    h("button", { key: what, class: `btn btn-s ${first ? "btn-p" : ""}`, "aria-busy": page.actions.isBusy(card.call.call_id, COMMANDS[what]) ? "true" : null, "aria-label": `${text}: ${name}`, onclick: () => go(page, card, what, target) }, text);
  const buttons = kind === "redirect" ? [act("redirect", t("Send"), true)] : [act("consult", t("Consult"), kind === "consult" && isFirst), act("transfer", t("Transfer now"), kind === "transfer" && isFirst)];
  return h(
    "li",
    { key, class: `person s-${tone}` },
    agent ? mark(shape) : icon(queue ? "queue" : "phone-out", "st"),
    h("div", { class: "cut" }, words("b", name, null), " ", (agent || queue) && h("span", { class: "dim num" }, target), h("p", { class: "why cut" }, line ?? whyOf(agent), agent?.since && [" ", timer(agent.since)])),
    h("span", { class: "acts2" }, buttons),
  );
}

export function keypad(page, card) {
  const press = (key) => {
    page.set({ digits: page.ui.digits + key });
    page.sendDigits(card, key);
  };
  return [
    h("output", { key: "digits", class: "in num", "aria-label": t("Pressed") }, page.ui.digits),
    h("div", { key: "keys", class: "keys", role: "group", "aria-label": t("Keypad") }, KEYS.map((key) => h("button", { key, onclick: () => press(key) }, key, h("small", { "aria-hidden": "true" }, LETTERS[key] ?? "")))),
  ];
}
