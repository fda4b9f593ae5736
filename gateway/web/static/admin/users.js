// People: who may sign in, as what, and at which telephone he sits.
import { get, now, patch, path, post, remove } from "../lib/api.js";
import { whenExactly } from "../lib/format.js";
import { h, icon, words } from "../lib/dom.js";
import { byEscape, field, secret, sure, valuesOf, wrong } from "../lib/forms.js";
import { t } from "../lib/i18n.js";
import { table } from "../lib/tables.js";

const ROLES = { agent: "Agent", supervisor: "Supervisor", admin: "Administrator", partner: "Partner" };

export function users(page) {
  const { redraw } = page;
  const own = { users: [], pbxs: [], editing: null, password: null, problem: null, sessions: null, opener: null };

  async function load() {
    const [{ users: found }, { pbxs }] = await Promise.all([get("/api/v1/users"), get("/api/v1/pbxs")]);
    Object.assign(own, { users: found, pbxs: pbxs.map((each) => each.pbx) });
    redraw();
  }

  async function tried(action, focus = null) {
    own.problem = null;
    try {
      await action();
      await load();
    } catch (problem) {
      own.problem = problem;
    }
    redraw(focus);
  }

  function edit(user) {
    Object.assign(own, { editing: user, opener: document.activeElement, problem: null });
    redraw("form .in:not(:disabled)");
  }

  function cancel() {
    Object.assign(own, { editing: null, problem: null });
    redraw(own.opener);
  }

  const save = (event) => {
    event.preventDefault();
    const { login, name, role, pbx, extension } = valuesOf(event.target);
    const wanted = { name, role, pbx: extension ? pbx || null : null, extension: extension || null };
    tried(async () => {
      const { user_id: id } = own.editing;
      if (id) await patch(path`/api/v1/users/${id}`, wanted);
      else own.password = await post("/api/v1/users", { login, ...wanted });
      own.editing = null;
      redraw(id ? own.opener : ".secret .btn");
    });
  };

  const newPassword = async (user) => {
    own.opener = document.activeElement;
    if (!(await sure(t("Give {name} a new password?", { name: user.name }), t("He is signed out everywhere and signs in with the one that you hand him."), t("New password")))) return;
    tried(async () => {
      own.password = { ...user, ...(await post(path`/api/v1/users/${user.user_id}/password`, {})) };
    }, ".secret .btn");
  };

  const disable = async (user) => {
    if (!(await sure(t("Let {name} in no more?", { name: user.name }), t("What he did stays written down. He can be let in again."), t("Disable")))) return;
    tried(() => patch(path`/api/v1/users/${user.user_id}`, { disabled: true }));
  };

  const look = (user) => {
    own.opener = document.activeElement;
    return tried(async () => {
      own.sessions = { user, sessions: (await get(path`/api/v1/users/${user.user_id}/sessions`)).sessions };
    }, ".card-h .btn:last-child");
  };

  const signOut = (user, session) =>
    tried(async () => {
      await remove(session ? path`/api/v1/users/${user.user_id}/sessions/${session.session_id}` : path`/api/v1/users/${user.user_id}/sessions`);
      own.sessions = { user, sessions: (await get(path`/api/v1/users/${user.user_id}/sessions`)).sessions };
    });

  function form() {
    const { editing } = own;
    return h(
      "form",
      { key: `form-${editing.user_id ?? ""}`, class: "card form", "aria-label": editing.user_id ? t("Change {name}", { name: editing.name }) : t("New user"), onsubmit: save, onkeydown: byEscape(cancel) },
      wrong(own.problem),
      field(t("Signs in as"), "login", { required: true, maxlength: "80", autocapitalize: "none", spellcheck: "false", value: editing.login ?? "", disabled: Boolean(editing.user_id) }),
      field(t("Name"), "name", { required: true, maxlength: "80", value: editing.name ?? "", hint: t("For colleagues.") }),
      field(t("Role"), "role", { value: editing.role ?? "agent", options: Object.entries(ROLES).map(([role, word]) => [role, t(word)]) }),
      field(t("Extension"), "extension", { inputmode: "numeric", pattern: "[0-9A-Za-z_.*#\\-]*", value: editing.extension ?? "", hint: t("Where he sits; an agent needs one.") }),
      own.pbxs.length > 1 && field(t("Telephone system"), "pbx", { value: editing.pbx ?? own.pbxs[0], options: own.pbxs.map((pbx) => [pbx, pbx]) }),
      h("div", { key: "acts", class: "acts" }, h("button", { class: "btn btn-p" }, t("Save")), h("button", { class: "btn", type: "button", onclick: cancel }, t("Cancel"))),
    );
  }

  const isLocked = (user) => Boolean(user.locked_until) && Date.parse(user.locked_until) > now();

  function status(user) {
    if (user.disabled) return h("span", { class: "tag" }, t("Disabled"));
    if (isLocked(user)) return h("span", { class: "tag s-bad" }, t("Locked until {time}", { time: whenExactly(user.locked_until) }));
    return h("span", { class: "num" }, user.last_sign_in_at ? whenExactly(user.last_sign_in_at) : t("never"));
  }

  const row = (user) =>
    h(
      "tr",
      { key: user.user_id, class: user.disabled ? "off" : null },
      h("td", { class: "name" }, words("b", user.name), h("span", null, user.login)),
      h("td", null, t(ROLES[user.role])),
      h("td", { class: "num" }, user.extension ? [user.extension, own.pbxs.length > 1 && user.pbx ? ` · ${user.pbx}` : ""] : "–"),
      h("td", null, status(user)),
      h(
        "td",
        { class: "does" },
        isLocked(user) && h("button", { key: "unlock", class: "btn btn-s", "aria-label": t("Unlock {name}", { name: user.name }), onclick: () => tried(() => post(path`/api/v1/users/${user.user_id}/unlock`)) }, t("Unlock")),
        h("button", { key: "change", class: "btn btn-s", "aria-label": t("Change {name}", { name: user.name }), onclick: () => edit(user) }, t("Change")),
        h("button", { key: "password", class: "btn btn-s", "aria-label": t("New password for {name}", { name: user.name }), onclick: () => newPassword(user) }, t("New password")),
        h("button", { key: "sessions", class: "btn btn-s btn-q", "aria-label": t("Sessions of {name}", { name: user.name }), onclick: () => look(user) }, t("Sessions")),
        user.user_id !== page.me.user_id && (user.disabled ? h("button", { key: "standing", class: "btn btn-s", "aria-label": t("Let {name} in", { name: user.name }), onclick: () => tried(() => patch(path`/api/v1/users/${user.user_id}`, { disabled: false })) }, t("Let in")) : h("button", { key: "standing", class: "btn btn-s btn-q", "aria-label": t("Disable {name}", { name: user.name }), onclick: () => disable(user) }, t("Disable"))),
      ),
    );

  const sessions = ({ user, sessions: open }) =>
    h(
      "section",
      { key: "sessions", class: "card", "aria-label": t("Sessions of {name}", { name: user.name }) },
      h("header", { class: "card-h" }, h("h2", null, t("Sessions of {name}", { name: user.name })), h("span", { class: "end row" }, open.length > 0 && h("button", { class: "btn btn-s", onclick: () => signOut(user, null) }, t("Sign out everywhere")), h("button", { class: "btn btn-s btn-q", onclick: () => { own.sessions = null; redraw(own.opener); } }, t("Close")))),
      open.length ? h("ul", { class: "links-l" }, open.map((session) => h("li", { key: session.session_id }, icon("key"), h("div", null, words("p", session.browser, "b"), h("p", { class: "num" }, `${session.address} · ${t("last seen {time}", { time: whenExactly(session.used_at) })}`)), h("button", { class: "btn btn-s", onclick: () => signOut(user, session) }, t("Sign out"))))) : h("div", { class: "card-b dim" }, t("Signed in nowhere")),
    );

  return {
    id: "users",
    icon: "people",
    label: t("Users"),
    scope: "users:manage",
    load,
    view: () => [
      h("div", { key: "h", class: "page-h" }, h("p", { class: "grow" }, t("Agents see their own calls and the queues that they serve; supervisors see all.")), h("button", { class: "btn btn-p", onclick: () => edit({}) }, icon("plus"), t("New user"))),
      own.password?.one_time_password && secret(own.password.one_time_password, t("The password of {name}: he changes it when he signs in", { name: own.password.name ?? own.password.login }), () => { own.password = null; redraw(own.opener); }),
      own.editing ? form() : wrong(own.problem),
      own.sessions && sessions(own.sessions),
      h("section", { key: "list", class: "card tblw", "aria-label": t("Users") }, table([t("Name"), t("Role"), t("Extension"), t("Last sign-in"), null], own.users.map(row))),
    ],
  };
}
