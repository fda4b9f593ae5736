// Callers whom nobody talked with: how long they waited, why they were not reached, and who calls them back.
import { path, post } from "../lib/api.js";
import { h, icon, lazy, mark, words } from "../lib/dom.js";
import { count, phone, seconds, when } from "../lib/format.js";
import { outcomeText, stateOf, stateText } from "../lib/calls.js";
import { t } from "../lib/i18n.js";
import { refusal } from "./calls.js";
import { groupOf, nameOf } from "./urgency.js";

const OFFERED = 50; // who is not among them is found by his name

export function callbacksSection(page) {
  return h(
    "main",
    { key: "callbacks", class: "main column", id: "main", tabindex: "-1", "data-stale": page.isCurrent ? null : true },
    page.notes(),
    h("section", { key: "list", class: "card", "aria-label": t("To call back") }, h("header", { class: "card-h" }, h("h1", null, t("To call back")), h("span", { class: "badge badge-q" }, count(page.floor.callbacks.size))), callbackRows(page, "callbacks", 200)),
    giveDialog(page),
  );
}

/** Those without an owner first, then who called last. */
export function callbackRows(page, place, most) {
  const sorted = [...page.floor.callbacks.values()].sort((a, b) => Boolean(a.owner) - Boolean(b.owner) || b.last_at.localeCompare(a.last_at));
  const rows = page.steady.rows(`callbacks-${place}`, sorted.slice(0, most), (each) => each.callback_id);
  if (!rows.length) return h("div", { key: "none", class: "empty" }, icon("check"), h("b", null, page.floor.loaded ? t("Nobody is to be called back") : t("Loading")), page.floor.loaded && h("span", null, t("Who gives up or is not reached appears here.")));
  const heads = ["Who", "Queue", "Why", "Waited", "When", "Owner"].filter((each) => each !== "Why" || place !== "board");
  return h(
    "div",
    { key: "table", class: "tblw", tabindex: "0", role: "group", "aria-label": t("To call back") },
    h("table", { class: "tbl abn" }, h("thead", { class: place === "board" ? "sr" : null }, h("tr", null, heads.map((each) => h("th", { key: each, scope: "col", class: ["Waited", "When", "Owner"].includes(each) ? "n" : ["Queue", "Why"].includes(each) ? "hide-m" : null }, t(each))))), h("tbody", page.steady.around(`callbacks-${place}`), rows.map((each) => row(page, place, each)))),
  );
}

function row(page, place, each) {
  const busy = page.asking.has(`callback ${each.callback_id}`);
  return lazy(each.callback_id, [each, busy, page.refusals.get(each.callback_id), page.isCurrent], () =>
    h(
      "tr",
      { "data-callback": each.number },
      h("td", null, words(each.caller_name ? "b" : "span", each.caller_name ?? phone(each.number), "cut num who-c", { title: each.number }), refusal(page, each.callback_id)),
      h("td", { class: "hide-m dim" }, words("span", each.queue ?? each.extension ?? "")),
      place !== "board" && h("td", { key: "why", class: "hide-m dim" }, each.outcome === "promised" ? t("Promised a call") : outcomeText(each.outcome, each.stage), each.count > 1 ? ` · ${count(each.count)}×` : ""),
      h("td", { class: "n" }, seconds(each.waited_s)),
      h("td", { class: "n dim" }, when(each.last_at)),
      h("td", { class: "n" }, owner(page, place, each, busy)),
    ),
  );
}

function owner(page, place, each, busy) {
  const act = (what, text, body) => h("button", { key: what, class: "btn btn-s", "aria-busy": busy ? "true" : null, disabled: page.isCurrent ? null : true, "aria-label": `${text}: ${each.caller_name ?? phone(each.number)}`, onclick: () => change(page, each, what, body) }, text);
  const give = h("button", { key: "give", class: "btn btn-s", disabled: page.isCurrent ? null : true, "aria-haspopup": "dialog", "aria-label": `${t("Assign…")} ${whoOf(each)}`, onclick: () => page.set({ ui: { ...page.ui, giving: each.callback_id, find: "" } }) }, t("Assign…"));
  if (place === "board" && !each.owner) return h("span", { class: "row owner" }, give);
  if (!each.owner) return h("span", { class: "row owner" }, act("claim", t("Take it")), give);
  const by = each.owner.by ? t("given by {name}", { name: each.owner.by }) : null;
  return h("span", { class: "row owner" }, h("span", { class: "tag", title: by }, icon("person"), h("span", { dir: "auto" }, each.owner.name), by && h("span", { key: "by", class: "sr" }, by)), place !== "board" && [act("release", t("Release")), give]);
}

const whoOf = (each) => each.caller_name ?? phone(each.number);

/** Who shall call: the agents of the telephone system, who is free first. */
export function giveDialog(page) {
  const each = page.floor.callbacks.get(page.ui.giving);
  if (!each) return null;
  const close = () => {
    page.forget("giving");
    page.set({ ui: { ...page.ui, giving: null } });
  };
  const wanted = page.ui.find.toLowerCase();
  const found = [...page.floor.agents.values()]
    .filter((agent) => agent.pbx === each.pbx && (!wanted || `${nameOf(agent)} ${agent.extension} ${agent.queues.join(" ")}`.toLowerCase().includes(wanted)))
    .sort((a, b) => b.queues.includes(each.queue) - a.queues.includes(each.queue) || groupOf(a) - groupOf(b) || nameOf(a).localeCompare(nameOf(b)));
  const ask = async (what, body) => {
    if (await change(page, each, what, body, "giving")) document.getElementById("dialog")?.close();
  };
  const line = (agent) =>
    h(
      "li",
      { key: agent.extension, class: `row s-${stateOf(agent).tone}` },
      mark(stateOf(agent).mark, "st tone"),
      h("span", { class: "grow cut" }, h("b", { dir: "auto" }, nameOf(agent)), " ", h("span", { class: "dim" }, `${agent.extension} · ${stateText(agent)}`)),
      agent.extension === each.owner?.extension ? h("span", { key: "his", class: "tag" }, t("Has it")) : h("button", { key: "give", class: "btn btn-s", "aria-busy": page.asking.has(`callback ${each.callback_id}`) ? "true" : null, disabled: page.isCurrent ? null : true, "aria-label": `${t("Assign to")} ${nameOf(agent)}`, onclick: () => ask("assign", { extension: agent.extension }) }, t("Assign")),
    );
  return h(
    "dialog",
    { key: "give", id: "dialog", "aria-labelledby": "give-h", onclose: close },
    h(
      "div",
      { class: "ask" },
      h("header", { class: "row" }, h("h2", { id: "give-h", class: "grow cut", dir: "auto" }, t("Who calls {name} back?", { name: whoOf(each) })), h("button", { class: "btn-i", "aria-label": t("Close"), onclick: () => document.getElementById("dialog").close() }, icon("x"))),
      refusal(page, "giving"),
      h("input", { class: "in", type: "search", "aria-label": t("Find an agent"), placeholder: t("Find an agent"), value: page.ui.find, oninput: (event) => page.set({ ui: { ...page.ui, find: event.target.value } }) }),
      found.length ? h("ul", { key: "list", class: "serves" }, found.slice(0, OFFERED).map(line)) : h("p", { key: "none", class: "dim" }, t("No agent is found")),
      !each.owner && h("p", { key: "self" }, h("button", { class: "btn", disabled: page.isCurrent ? null : true, onclick: () => ask("claim") }, icon("person"), t("Take it on myself"))),
    ),
  );
}

async function change(page, each, what, body, place = each.callback_id) {
  const told = await page.ask(`callback ${each.callback_id}`, place, () => post(path`/api/v1/callbacks/${each.callback_id}/` + what, body));
  if (told) page.floor.putCallback(told);
  return told;
}
