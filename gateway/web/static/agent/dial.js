// Find somebody or dial a number: typed, pasted, or clicked anywhere on the page.
import { get, query } from "../lib/api.js";
import { h, icon, words } from "../lib/dom.js";
import { phone } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { refused } from "./actions.js";
import { colleagues, dialable } from "./people.js";

const LOOK_MS = 180; // after the last key
const SHOWN = 6;

export class Finder {
  constructor(page) {
    this.page = page;
    this.text = "";
    this.customers = [];
    this.at = 0; // the row that Enter takes
    this.open = false;
    this.timer = 0;
  }

  type(text) {
    Object.assign(this, { text, open: true, at: 0 });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), LOOK_MS);
    this.page.changed();
  }

  async look() {
    const { text } = this;
    const number = dialable(text);
    if (text.trim().length < 2 || !this.page.me.scopes.includes("customers:read")) {
      this.customers = [];
    } else {
      const found = await get(query("/api/v1/customers", { [number ? "number" : "q"]: number ?? text.trim(), limit: SHOWN })).catch(() => ({ customers: [] }));
      if (text !== this.text) return;
      this.customers = found.customers;
    }
    this.page.changed();
  }

  /** What is offered: the number itself, customers, colleagues, each as {key, icon, name, line, number}. */
  rows() {
    const number = dialable(this.text);
    const rows = number ? [{ key: "number", icon: "phone-out", name: phone(number), line: t("Call this number"), number }] : [];
    for (const each of this.customers) {
      const to = each.identities.find((identity) => identity.kind === "phone")?.value;
      if (to) rows.push({ key: each.customer_id, icon: "card", name: each.name ?? phone(to), line: [each.company, phone(to)].filter(Boolean).join(" · "), number: to });
    }
    if (this.text.trim()) for (const each of colleagues(this.page.desk, this.page.me, this.text).slice(0, SHOWN)) rows.push({ key: `c${each.extension}`, icon: "people", name: each.name ?? each.extension, line: `${each.extension}`, number: each.extension });
    return rows;
  }

  close() {
    Object.assign(this, { open: false, at: 0 });
    this.page.changed();
  }

  take(row) {
    if (!row) return;
    Object.assign(this, { text: "", open: false, customers: [] });
    for (const each of document.querySelectorAll("[data-dial]")) each.value = "";
    this.page.dial(row.number);
  }

  key(event) {
    const rows = this.rows();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.at = (this.at + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % (rows.length || 1);
      this.open = true;
      this.page.changed();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.close();
      event.target.blur();
    }
  }
}

export function dialBox(page, id, classes = "dial") {
  const { finder } = page;
  const rows = finder.open && finder.text.trim() ? finder.rows() : [];
  const problem = page.actions.refusal("dial");
  return h(
    "form",
    { key: id, class: classes, role: "search", onsubmit: (event) => (event.preventDefault(), finder.take(finder.rows()[finder.at])) },
    icon("search"),
    h("input", {
      class: "in num", id, "data-dial": true, value: finder.text, disabled: page.isCurrent ? null : true, placeholder: t("Name or number"), "aria-label": t("Find somebody or dial a number"), autocomplete: "off", inputmode: "tel", role: "combobox",
      "aria-expanded": String(rows.length > 0), "aria-controls": `${id}-list`, "aria-autocomplete": "list", "aria-activedescendant": rows.length ? `${id}-${finder.at}` : null,
      oninput: (event) => finder.type(event.target.value), onkeydown: (event) => finder.key(event), onblur: () => setTimeout(() => finder.open && finder.close(), 150),
    }),
    page.actions.isBusy("dial", "dial") ? h("span", { key: "busy", class: "dim busyline", role: "status" }, t("Calling")) : h("kbd", { key: "slash" }, "/"),
    h("ul", { key: "found", class: "pop found", id: `${id}-list`, role: "listbox", "aria-label": t("Found"), hidden: !rows.length }, rows.map((row, index) => h("li", { key: row.key, id: `${id}-${index}`, role: "option", "aria-selected": String(index === finder.at), onmousedown: (event) => (event.preventDefault(), finder.take(row)) }, icon(row.icon), h("span", { class: "cut grow" }, words("b", row.name, null), h("span", { class: "dim" }, ` ${row.line}`)), icon("phone-out", "i i-s")))),
    problem && h("div", { key: "wrong", class: "pop found err", role: "alert" }, h("span", { class: "grow" }, refused(problem)), h("button", { type: "button", class: "btn btn-s", onclick: () => page.actions.forget("dial") }, t("Close"))),
  );
}

/** Numbers that can be clicked anywhere on the page are dialled by the agent's own telephone. */
export function dialClicked(page) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="tel:"]');
    if (!link) return;
    event.preventDefault();
    const number = dialable(decodeURIComponent(link.getAttribute("href")));
    if (number) page.dial(number);
  });
}
