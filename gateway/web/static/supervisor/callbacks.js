// Callers whom nobody talked with: how long they waited, why they were not reached, and who calls them back.
import { path, post } from "../lib/api.js";
import { h, icon, lazy, words } from "../lib/dom.js";
import { count, phone, seconds, when } from "../lib/format.js";
import { outcomeText } from "../lib/calls.js";
import { t } from "../lib/i18n.js";
import { refusal } from "./calls.js";

export function callbacksSection(page) {
  return h(
    "main",
    { key: "callbacks", class: "main column", id: "main", tabindex: "-1", "data-stale": page.isCurrent ? null : true },
    page.notes(),
    h("section", { key: "list", class: "card", "aria-label": t("To call back") }, h("header", { class: "card-h" }, h("h1", null, t("To call back")), h("span", { class: "badge badge-q" }, count(page.floor.callbacks.size))), callbackRows(page, "callbacks", 200)),
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
      h("td", { class: "n" }, owner(page, each, busy)),
    ),
  );
}

function owner(page, each, busy) {
  const act = (what, text, body) => h("button", { key: what, class: "btn btn-s", "aria-busy": busy ? "true" : null, disabled: page.isCurrent ? null : true, "aria-label": `${text}: ${each.caller_name ?? phone(each.number)}`, onclick: () => change(page, each, what, body) }, text);
  if (!each.owner) return act("claim", t("Take it"));
  return h("span", { class: "row owner" }, h("span", { class: "tag" }, icon("person"), h("span", { dir: "auto" }, each.owner.name)), act("release", t("Release")));
}

async function change(page, each, what, body) {
  const told = await page.ask(`callback ${each.callback_id}`, each.callback_id, () => post(path`/api/v1/callbacks/${each.callback_id}/` + what, body));
  if (told) page.floor.putCallback(told);
}
