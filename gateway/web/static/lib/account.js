// Who is signed in: his name, another password, and the way out.
import { put } from "./api.js";
import { h, icon, show } from "./dom.js";
import { field, wrong } from "./forms.js";
import { t } from "./i18n.js";
import { signOut } from "./shell.js";

const ROLES = { agent: "Agent", supervisor: "Supervisor", admin: "Administrator", partner: "Partner" };

/** Show a dialog about one's own account; a page has one at most. `settings` opens the page's settings, where it has any. */
export function openAccount(me, settings = null) {
  if (document.getElementById("account")) return;
  const own = { problem: null, again: null, busy: false, changed: false };
  const dialog = document.createElement("dialog");
  dialog.id = "account";
  dialog.setAttribute("aria-labelledby", "account-h");
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);

  async function change(event) {
    event.preventDefault();
    const form = event.target;
    const [old, chosen, again] = ["old", "chosen", "again"].map((name) => form.elements[name].value); // blanks count
    Object.assign(own, { problem: null, changed: false, again: chosen === again ? null : t("The two are not the same.") });
    if (own.again || own.busy) return draw();
    own.busy = true;
    draw();
    try {
      await put("/api/v1/session/password", { old, new: chosen });
      own.changed = true;
      form.reset();
    } catch (problem) {
      own.problem = problem;
    }
    own.busy = false;
    return draw();
  }

  function draw() {
    const seat = [t(ROLES[me.role]), me.extension && t("Extension {extension}", { extension: me.extension }), me.login].filter(Boolean).join(" · ");
    show(
      dialog,
      h("header", { class: "card-h" }, h("div", null, h("h2", { id: "account-h" }, me.name), h("p", { class: "dim" }, seat)), h("button", { class: "btn-i end", "aria-label": t("Close"), onclick: () => dialog.close() }, icon("x"))),
      settings && h("div", { key: "settings", class: "account-more" }, h("button", { class: "btn", onclick: () => (dialog.close(), settings()) }, icon("settings"), t("Settings"))),
      h(
        "form",
        { key: "form", class: "account", onsubmit: change },
        h("h3", null, t("Change password")),
        wrong(own.problem),
        own.changed && h("p", { key: "changed", class: "told", role: "status" }, t("Changed. Elsewhere you are signed out.")),
        h("input", { key: "login", type: "hidden", name: "login", autocomplete: "username", value: me.login }),
        field(t("Present password"), "old", { type: "password", autocomplete: "current-password", required: true }),
        field(t("New password"), "chosen", { type: "password", autocomplete: "new-password", required: true, minlength: "10", hint: t("Ten characters or more; three words make a good one.") }),
        field(t("Once more"), "again", { type: "password", autocomplete: "new-password", required: true, wrong: own.again }),
        h("div", { key: "acts", class: "row" }, h("button", { class: "btn btn-p", "aria-busy": own.busy ? "true" : null }, t("Change password")), h("button", { class: "btn end", type: "button", onclick: signOut }, icon("person"), t("Sign out"))),
      ),
    );
  }

  draw();
  dialog.showModal();
}
