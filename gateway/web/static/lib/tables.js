// Tables that become a list of cards on a telephone: each cell knows the head of its column.
import { h } from "./dom.js";
import { t } from "./i18n.js";

/** A table of described rows; a head that is null is that of what can be done. */
export function table(heads, rows) {
  for (const row of rows) row.children.forEach((cell, index) => heads[index] && (cell.properties["data-h"] = heads[index]));
  return h("table", { class: "tbl" }, h("thead", null, h("tr", null, heads.map((head) => h("th", null, head ?? h("span", { class: "sr" }, t("What to do")))))), h("tbody", null, rows));
}
