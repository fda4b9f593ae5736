// Who did what: commands in calls, and what was changed here.
import { get, query } from "../lib/api.js";
import { whenExactly } from "../lib/format.js";
import { h, icon, mark, words } from "../lib/dom.js";
import { field, valuesOf } from "../lib/forms.js";
import { t } from "../lib/i18n.js";

const MARKS = { accepted: "ok", refused: "alert", failed: "alert", unanswered: "watch", sending: "watch" };
const WORDS = { accepted: "Done", refused: "Refused", failed: "Failed", unanswered: "Unknown", sending: "Connecting" };

export function audit({ redraw }) {
  const own = { entries: [], next: null, wanted: {} };

  async function load(cursor = null) {
    const { principal, call_id, since } = own.wanted;
    const page = await get(query("/api/v1/audit", { principal, call_id, since: since ? new Date(since).toISOString() : null, cursor, limit: 50 }));
    own.entries = cursor ? [...own.entries, ...page.entries] : page.entries;
    own.next = page.next;
    redraw();
  }

  const what = ({ type, ...rest }) =>
    `${type.replaceAll("_", " ")}${Object.entries(rest).filter(([, value]) => value !== null && value !== "" && typeof value !== "object").map(([name, value]) => ` · ${name} ${value}`).join("")}`;

  const row = (entry) =>
    h(
      "tr",
      { key: entry.command_id },
      h("td", { class: "num" }, whenExactly(entry.asked_at)),
      h("td", { class: "name" }, words("b", entry.principal_name), h("span", null, entry.principal)),
      words("td", what(entry.command)),
      h("td", null, entry.pbx ?? ""),
      h("td", null, h("span", { class: `tag ${entry.state === "accepted" ? "s-ready" : entry.refusal ? "s-bad" : ""}` }, mark(MARKS[entry.state] ?? "watch"), t(WORDS[entry.state] ?? "Unknown")), words("span", entry.reason, "dim")),
    );

  return {
    id: "audit",
    icon: "history",
    label: t("Who did what"),
    scope: "audit:read",
    load: () => load(),
    view: () => [
      h(
        "form",
        { key: "form", class: "card form", onsubmit: (event) => { event.preventDefault(); own.wanted = valuesOf(event.target); load(); } },
        field(t("Who"), "principal", { hint: t("The id of a user or a token.") }),
        field(t("Call"), "call_id", { hint: t("Its id.") }),
        field(t("Since"), "since", { type: "datetime-local" }),
        h("div", { key: "acts", class: "acts" }, h("button", { class: "btn btn-p" }, icon("search"), t("Search"))),
      ),
      h("section", { key: "list", class: "card tblw", "aria-label": t("Who did what") }, own.entries.length ? h("table", { class: "tbl" }, h("thead", null, h("tr", null, h("th", null, t("When")), h("th", null, t("Who")), h("th", null, t("What")), h("th", null, t("Telephone system")), h("th", null, t("What came of it")))), h("tbody", null, own.entries.map(row))) : h("div", { class: "empty" }, icon("history"), h("b", null, t("Nothing found")))),
      own.next && h("button", { key: "more", class: "btn", onclick: () => load(own.next) }, t("Older")),
    ],
  };
}
