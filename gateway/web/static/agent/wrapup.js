// After a call: how it is filed, what is noted, and what comes next.
import { h, icon, mark } from "../lib/dom.js";
import { duration, seconds } from "../lib/format.js";
import { ofBoth, t } from "../lib/i18n.js";
import { timer } from "../lib/shell.js";
import { refused } from "./actions.js";
import { otherSide } from "./people.js";
import { notReady, ready } from "./states.js";

export const offered = (page, card) => page.desk.dispositions.filter((each) => !each.queues.length || each.queues.includes(card.call.queue));

/** Which key chooses which: its own where it has one. */
export const byKey = (page, card, key) => offered(page, card).find((each) => each.key === key);

export function wrapUpCard(page) {
  const card = page.desk.wrapUp;
  const other = otherSide(card, page.desk, page.me);
  const { desk } = page;
  const id = card.call.call_id;
  const chosen = page.notes.disposition(card);
  const inTime = desk.agent?.state === "after_call_work" || desk.agent?.reason === "wrap-up";
  const problem = page.notes.problems.get(id);
  return h(
    "article",
    { key: `wrap-${id}`, class: "card call", "aria-labelledby": "wrap-h", "data-call": id, "data-part": "wrap-up" },
    h("header", { class: "call-h s-acw" }, mark("acw"), h("h1", { id: "wrap-h", class: "plain" }, t("After-call work")), h("span", { class: "mut cut" }, [other.label, seconds(card.call.talk_s), card.call.queue].filter(Boolean).join(" · ")), inTime && desk.agent.since && h("span", { key: "time", class: "end num" }, timer(desk.agent.since), limit(desk))),
    h(
      "div",
      { class: "call-b acw" },
      h(
        "fieldset",
        null,
        h("legend", { class: "lab" }, t("What was it about?")),
        h("div", { class: "choices" }, offered(page, card).map((each) => h("label", { key: each.id, class: "choice" }, h("input", { type: "radio", name: "disposition", value: each.id, checked: chosen === each.id, onchange: () => page.notes.choose(card, each.id) }), icon("check"), h("span", { class: "cut" }, ofBoth(each.label)), each.key && h("kbd", null, String(each.key))))),
      ),
      h("div", { class: "field" }, h("label", { for: "wrap-note" }, needsNote(page, card) ? t("Note, needed for this") : t("Note")), page.notes.box(card, "wrap-note", 4)),
      problem && h("div", { key: "wrong", class: "err", role: "alert" }, mark("alert"), h("span", null, refused(problem))),
    ),
    h(
      "footer",
      { class: "foot" },
      h("button", { class: "btn btn-p btn-l", id: "save", "aria-busy": page.notes.saving.has(id) ? "true" : null, onclick: () => saveAnd(page, ready) }, icon("check"), desk.queues.length ? t("Save, go Ready") : t("Save"), h("kbd", null, "Ctrl ↵")),
      desk.queues.length > 0 && h("button", { key: "break", class: "btn btn-l", onclick: () => saveAnd(page, (p) => notReady(p, "Break")) }, mark("notready"), t("Save, take a break")),
      h("button", { class: "btn btn-q btn-l end", onclick: () => page.set({ chosen: "none" }) }, t("Later")),
    ),
  );
}

const needsNote = (page, card) => page.desk.dispositions.find((each) => each.id === page.notes.disposition(card))?.note_required;

const limit = (desk) => (desk.wrapUpUntil ? h("span", { class: "mut" }, ` / ${duration(Date.parse(desk.wrapUpUntil) - Date.parse(desk.agent.since))}`) : null);

/** File the call; what comes next is asked for once it is filed. */
export async function saveAnd(page, next) {
  const card = page.desk.wrapUp;
  if (!card || page.notes.saving.has(card.call.call_id)) return;
  const saved = await page.notes.save(card, true);
  if (!saved) return;
  page.desk.filed();
  page.history = null;
  page.set({ chosen: null });
  const { agent, queues } = page.desk;
  const isThere = next === ready && agent?.state === "ready";
  if (queues.length && !isThere) await next(page);
}

