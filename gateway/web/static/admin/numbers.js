// Which numbers each role may reach: what the configuration says, and what it makes of one number.
import { get, post } from "../lib/api.js";
import { h, mark } from "../lib/dom.js";
import { field, valuesOf, wrong } from "../lib/forms.js";
import { t } from "../lib/i18n.js";
import { table } from "../lib/tables.js";

const ROLES = { agent: "Agent", supervisor: "Supervisor", admin: "Administrator", partner: "Partner" };

export function numbers({ redraw }) {
  const own = { rules: null, pbxs: [], verdict: null, problem: null };

  async function load() {
    const [rules, { pbxs }] = await Promise.all([get("/api/v1/dial-rules"), get("/api/v1/pbxs")]);
    Object.assign(own, { rules, pbxs: pbxs.map((each) => each.pbx) });
    redraw();
  }

  async function judge(event) {
    event.preventDefault();
    const { number, role, extension, pbx } = valuesOf(event.target);
    try {
      own.verdict = await post("/api/v1/dial-rules/try", { number, role, extension: extension || null, pbx: pbx || own.pbxs[0] });
      own.problem = null;
    } catch (problem) {
      Object.assign(own, { verdict: null, problem });
    }
    redraw();
  }

  const row = ([role, rules]) => h("tr", { key: role }, h("td", { class: "b" }, t(ROLES[role])), h("td", null, rules.allow.join(" ")), h("td", null, rules.deny.join(" ") || "–"), h("td", { class: "num" }, rules.caller_numbers.join(" ") || "–"), h("td", { class: "num" }, String(rules.calls_per_minute)));

  const verdict = ({ allowed, kind, dialled, shown, reason }) =>
    h("div", { key: "verdict", class: `card verdict ${allowed ? "s-ready" : "s-bad"}`, role: "status" }, mark(allowed ? "ok" : "alert"), h("div", null, h("p", { class: "b" }, allowed ? t("May be called") : t("Refused")), h("p", { class: "mut" }, allowed ? [t("Kind: {kind}. The telephone system dials {dialled}.", { kind, dialled }), shown ? ` ${t("The far end sees {number}.", { number: shown })}` : ""] : reason)));

  return {
    id: "numbers",
    icon: "keypad",
    label: t("Number rules"),
    scope: "system:read",
    load,
    view: () => [
      h("div", { key: "h", class: "page-h" }, h("p", null, t("They keep a stolen password from costing a fortune. Change them in the configuration file, under dialling; they count after the next start. Emergency numbers pass before every rule."))),
      wrong(own.problem),
      h(
        "form",
        { key: "form", class: "card form", onsubmit: judge },
        field(t("Try a number"), "number", { required: true, inputmode: "tel", placeholder: "+86 138 0013 8000" }),
        field(t("As"), "role", { value: "agent", options: Object.entries(ROLES).map(([role, word]) => [role, t(word)]) }),
        field(t("From extension"), "extension", { inputmode: "numeric" }),
        own.pbxs.length > 1 && field(t("Telephone system"), "pbx", { value: own.pbxs[0], options: own.pbxs.map((pbx) => [pbx, pbx]) }),
        h("div", { key: "acts", class: "acts" }, h("button", { class: "btn btn-p" }, t("May it be called?"))),
      ),
      own.verdict && verdict(own.verdict),
      own.rules && h("section", { key: "rules", class: "card tblw", "aria-label": t("Number rules") }, table([t("Role"), t("May reach"), t("But not"), t("Is shown as"), t("Calls a minute")], Object.entries(own.rules.roles).map(row))),
    ],
  };
}
