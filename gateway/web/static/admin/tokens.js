// API tokens: for programs. Made and shown once, revoked at once.
import { get, path, post, remove } from "../lib/api.js";
import { whenExactly } from "../lib/format.js";
import { h, icon } from "../lib/dom.js";
import { byEscape, field, secret, sure, valuesOf, wrong } from "../lib/forms.js";
import { t } from "../lib/i18n.js";
import { table } from "../lib/tables.js";

const SHOWN_MS = 86_400_000; // a revoked one is listed for so long

export function tokens(page) {
  const { redraw } = page;
  const own = { tokens: [], adding: false, made: null, problem: null, opener: null };

  async function load() {
    ({ tokens: own.tokens } = await get("/api/v1/tokens"));
  }

  async function add(event) {
    event.preventDefault();
    const { name, role, extension, days, scopes } = valuesOf(event.target);
    try {
      const made = await post("/api/v1/tokens", { name, role, scopes, extension: extension || null, days: days ? Number(days) : null });
      Object.assign(own, { made, adding: false, problem: null });
      await load();
      redraw(".secret .btn");
    } catch (problem) {
      own.problem = problem;
    }
    redraw();
  }

  function begin() {
    Object.assign(own, { adding: true, opener: document.activeElement, problem: null });
    redraw("form .in");
  }

  function cancel() {
    Object.assign(own, { adding: false, problem: null });
    redraw(own.opener);
  }

  async function revoke(token) {
    if (!(await sure(t("Revoke {name}?", { name: token.name }), t("What uses it gets no answer from now on."), t("Revoke")))) return;
    try {
      await remove(path`/api/v1/tokens/${token.id}`);
      await load();
    } catch (problem) {
      own.problem = problem;
    }
    redraw();
  }

  const form = () =>
    h(
      "form",
      { key: "form", class: "card form", "aria-label": t("New token"), onsubmit: add, onkeydown: byEscape(cancel) },
      wrong(own.problem),
      field(t("What is it for"), "name", { required: true, maxlength: "80", placeholder: "wallboard" }),
      field(t("Role"), "role", { value: "agent", options: [["agent", t("Agent")], ["supervisor", t("Supervisor")], ["admin", t("Administrator")], ["partner", t("Partner")]], hint: t("By it the rules for numbers are chosen.") }),
      field(t("Only for extension"), "extension", { inputmode: "numeric", pattern: "[0-9*#]*", hint: t("Empty: for all.") }),
      field(t("Days"), "days", { type: "number", min: "1", max: "3650", hint: t("Empty: until it is revoked.") }),
      h("fieldset", { key: "scopes", class: "wide" }, h("legend", { class: "lab" }, t("What it may do")), h("div", { class: "checks" }, [...page.me.scopes].sort().map((scope) => h("label", { key: scope }, h("input", { type: "checkbox", name: "scopes", value: scope }), h("code", null, scope))))),
      h("div", { key: "acts", class: "acts" }, h("button", { class: "btn btn-p" }, t("Make it")), h("button", { class: "btn", type: "button", onclick: cancel }, t("Cancel"))),
    );

  function row(token) {
    const over = token.revoked_at ?? (token.expires_at && Date.parse(token.expires_at) < Date.now() ? token.expires_at : null);
    return h(
      "tr",
      { key: token.id, class: over ? "off" : null },
      h("td", { class: "name" }, h("b", null, token.name), h("span", null, token.id)),
      h("td", null, token.scopes.join(" ")),
      h("td", { class: "num" }, token.used_at ? whenExactly(token.used_at) : t("never")),
      h("td", { class: "num" }, over ? t("over since {time}", { time: whenExactly(over) }) : token.expires_at ? whenExactly(token.expires_at) : "–"),
      h("td", { class: "does" }, over ? null : h("button", { class: "btn btn-s", onclick: () => revoke(token), "aria-label": t("Revoke {name}", { name: token.name }) }, t("Revoke"))),
    );
  }

  const listed = () => own.tokens.filter((each) => !each.revoked_at || Date.now() - Date.parse(each.revoked_at) < SHOWN_MS);

  return {
    id: "tokens",
    icon: "key",
    label: t("API tokens"),
    scope: "tokens:manage",
    load,
    view: () => [
      h("div", { key: "h", class: "page-h" }, h("p", { class: "grow" }, t("A token lets a program in: a wallboard, a CRM, a script. People sign in with their own name.")), h("button", { class: "btn btn-p", onclick: begin }, icon("plus"), t("New token"))),
      own.made && secret(own.made.token, t("The token of {name}", { name: own.made.name }), () => { own.made = null; redraw(own.opener); }),
      own.adding ? form() : wrong(own.problem),
      h("section", { key: "list", class: "card tblw", "aria-label": t("API tokens") }, listed().length ? table([t("Name"), t("May"), t("Last used"), t("Ends"), null], listed().map(row)) : h("div", { class: "empty" }, icon("key"), h("b", null, t("No token yet")))),
    ],
  };
}
