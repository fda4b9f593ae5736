// The sign-in: a name and a password, the company's account, or in the demo one of those who are there.
import { get, post, put } from "./lib/api.js";
import { h, icon, mark, show } from "./lib/dom.js";
import { language, learn, otherLanguage, switchLanguage, t } from "./lib/i18n.js";
import { homeOf } from "./lib/shell.js";
import { zh as common } from "./zh/common.js";
import { zh } from "./zh/sign-in.js";

learn(common);
learn(zh);
document.title = `${t("Sign in")} · Tieline`;

const state = { ways: { password: true, oidc: [], demo: [] }, problem: null, busy: false, reachable: true, me: null, given: null };
const parameters = new URLSearchParams(location.search);
const ROLES = { agent: "Agent", supervisor: "Supervisor", admin: "Administrator", partner: "Partner" };

/** What a company's own sign-in comes back with when it let nobody in. */
const REFUSALS = {
  "oidc-no-user": "There is no user here for this account. An administrator can make one.",
  "oidc-no-role": "This account has no role here. Who keeps your company's accounts can give it one.",
  "oidc-stale": "This sign-in took too long, or was over already. Try again.",
  "oidc-unreachable": "Your company's sign-in does not answer.",
  "oidc-failed": "Your company's sign-in did not work. The gateway's log says why.",
};

function goOn(me, given = null) {
  if (me.must_change_password) {
    Object.assign(state, { me, given, busy: false, problem: null });
    draw();
    document.getElementById("new")?.focus();
    return;
  }
  const next = parameters.get("next");
  // Only a page of ours: an address with a host begins with two slashes.
  location.replace(next && /^\/[a-z]/.test(next) ? next : homeOf(me));
}

async function signIn(login, password) {
  if (state.busy) return;
  Object.assign(state, { busy: true, problem: null });
  draw();
  try {
    goOn(await post("/api/v1/session", { login, password }), password);
  } catch (problem) {
    Object.assign(state, { busy: false, problem });
    draw();
    document.getElementById("password")?.select();
  }
}

async function choose(old, chosen, again) {
  if (state.busy) return;
  if (chosen !== again) {
    state.problem = { status: 422, detail: t("The two are not the same.") };
    draw();
    return;
  }
  Object.assign(state, { busy: true, problem: null });
  draw();
  try {
    await put("/api/v1/session/password", { old, new: chosen });
    goOn({ ...state.me, must_change_password: false });
  } catch (problem) {
    Object.assign(state, { busy: false, problem: problem.status === 401 ? { ...problem, status: 403 } : problem });
    draw();
  }
}

function problemText(problem) {
  if (REFUSALS[problem.type]) return t(REFUSALS[problem.type]);
  if (problem.type === "weak-password" && language !== "en") return t("This password is not taken: take ten characters or more, not a common word, not your name.");
  if (problem.status === 401) return t("Name and password do not go together.");
  if (problem.status === 429) return t("Too many tries. Try again in {n} s.", { n: problem.retryAfter ?? 60 });
  if (problem.status === 0) return t("The gateway does not answer.");
  return problem.detail ?? problem.title;
}

const error = () => state.problem && h("div", { key: "error", class: "err", role: "alert" }, mark("alert"), h("span", null, problemText(state.problem)));

const passwordField = (id, label, autocomplete) =>
  h("div", { class: "field", key: id }, h("label", { for: id }, label), h("input", { class: "in", id, name: id, type: "password", autocomplete, required: true }));

/** Somebody else chose the password: its owner chooses another before he does anything. */
function choosing() {
  const submit = (event) => {
    event.preventDefault();
    const { old, new: chosen, again } = event.target.elements;
    choose(state.given ?? old.value, chosen.value, again.value);
  };
  return h(
    "form",
    { key: "choosing", onsubmit: submit },
    h("h1", { class: "signin-h" }, t("Choose a password")),
    h("p", { class: "mut" }, t("Yours was chosen by somebody else. Ten characters or more; three words make a good one.")),
    error(),
    h("input", { type: "hidden", name: "login", autocomplete: "username", value: state.me.login }),
    state.given === null && passwordField("old", t("Present password"), "current-password"),
    passwordField("new", t("New password"), "new-password"),
    passwordField("again", t("Once more"), "new-password"),
    h("button", { key: "go", class: "btn btn-p btn-l", "aria-busy": state.busy ? "true" : null }, t("Go on")),
  );
}

function form() {
  const { ways } = state;
  const submit = (event) => {
    event.preventDefault();
    signIn(event.target.elements.login.value.trim(), event.target.elements.password.value);
  };
  return h(
    "form",
    { onsubmit: submit },
    h("h1", { class: "signin-h" }, t("Sign in")),
    error(),
    ways.first && h("div", { key: "first", class: "callout callout-0" }, icon("key"), h("p", { class: "b" }, t("There is no user yet")), h("p", null, t("Who runs the gateway makes the first one: "), h("code", null, "tieline user add --login NAME --role admin"))),
    h("div", { key: "login", class: "field" }, h("label", { for: "login" }, t("Name")), h("input", { class: "in", id: "login", name: "login", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true, autofocus: true })),
    passwordField("password", t("Password"), "current-password"),
    h("button", { key: "go", class: "btn btn-p btn-l", "aria-busy": state.busy ? "true" : null }, t("Sign in")),
    ways.oidc.length > 0 && h("div", { key: "or", class: "or" }, t("or")),
    ways.oidc.map((way) => h("a", { key: way.url, class: "btn btn-l", href: parameters.get("next") ? `${way.url}?next=${encodeURIComponent(parameters.get("next"))}` : way.url }, icon("key"), t("With {name}", { name: way.name }))),
    ways.demo.length > 0 && demo(ways.demo),
  );
}

const demo = (users) =>
  h(
    "section",
    { key: "demo", class: "demo", "aria-label": t("Demo") },
    h("div", { class: "or" }, t("Demo: go in as")),
    h(
      "ul",
      null,
      users.map((user) =>
        h("li", { key: user.login }, h("button", { type: "button", class: "btn btn-l", onclick: () => signIn(user.login, user.password) }, icon(user.role === "agent" ? "phone" : user.role === "supervisor" ? "board" : "settings"), h("span", { class: "cut" }, user.name), h("span", { class: "dim end" }, t(ROLES[user.role])))),
      ),
    ),
  );

function draw() {
  show(
    document.getElementById("page"),
    h(
      "aside",
      { class: "art", "aria-label": "Tieline" },
      h(
        "svg",
        { class: "lines", viewBox: "0 0 900 900", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true", fill: "none", stroke: "#5f7df0", "stroke-width": "2" },
        h(
          "g",
          { transform: "translate(0 130)" },
          h("path", { d: "M-20 620H250L400 470H940M-20 700H320L450 570H700M-20 540H180L300 420H560L650 330H940", opacity: ".55" }),
          h("path", { d: "M-20 780H380L520 640H940", stroke: "#8ea8ff" }),
          h("g", { fill: "#101a3d", stroke: "#8ea8ff", "stroke-width": "3" }, h("circle", { cx: "250", cy: "620", r: "7" }), h("circle", { cx: "700", cy: "570", r: "7" }), h("circle", { cx: "560", cy: "420", r: "7" })),
          h("g", { fill: "#8ea8ff", stroke: "none" }, h("circle", { cx: "520", cy: "640", r: "8" }), h("circle", { cx: "180", cy: "540", r: "6" }), h("circle", { cx: "320", cy: "700", r: "6" })),
        ),
      ),
      h("span", { class: "brand" }, icon("logo"), "Tieline"),
      h("div", null, h("p", { class: "claim" }, t("Every call and every message, with what you already know about the person."))),
      h("p", null, t("Joined to your telephone system, not in place of it.")),
    ),
    h(
      "main",
      { class: "side" },
      h("header", null, h("button", { class: "btn btn-q btn-s", lang: otherLanguage === "zh" ? "zh-CN" : "en", "aria-label": "Language: 中文 / English", onclick: switchLanguage }, language === "en" ? "中文" : "English")),
      state.me ? choosing() : form(),
      h("footer", null, h("span", { class: "row" }, icon(state.reachable ? "link" : "link-off", "i i-s"), state.reachable ? t("Gateway reachable") : t("The gateway does not answer."))),
    ),
  );
}

async function begin() {
  draw();
  try {
    const [ways, me] = await Promise.all([get("/api/v1/sign-in"), get("/api/v1/session").catch(() => null)]);
    if (me) return goOn(me);
    Object.assign(state, { ways, reachable: true });
  } catch {
    state.reachable = false;
    setTimeout(begin, 2000);
  }
  const refusal = parameters.get("problem");
  if (refusal) state.problem = { status: 403, type: Object.hasOwn(REFUSALS, refusal) ? refusal : "oidc-failed" };
  draw();
  return undefined;
}

begin();
