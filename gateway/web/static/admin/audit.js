// Who did what: commands in calls, and who came in, was refused, or changed who may.
import { get, query } from "../lib/api.js";
import { whenExactly } from "../lib/format.js";
import { h, icon, mark, words } from "../lib/dom.js";
import { field, valuesOf } from "../lib/forms.js";
import { t } from "../lib/i18n.js";
import { table } from "../lib/tables.js";

const PAGE = 50;
const MARKS = { accepted: "ok", refused: "alert", failed: "alert", unanswered: "watch", sending: "watch" };
const WORDS = { accepted: "Done", refused: "Refused", failed: "Failed", unanswered: "Unknown", sending: "Connecting" };
const KINDS = {
  signed_in: "Signed in", sign_in_failed: "Sign-in refused", locked_out: "Locked out", signed_out: "Signed out", password_changed: "Changed the password",
  password_set: "Was given a new password", user_made: "User made", user_changed: "User changed", user_disabled: "User disabled", user_enabled: "User let in again",
  user_unlocked: "User unlocked", sessions_ended: "Signed out by somebody else", callback_assigned: "Was given a call to return",
};
const BAD = new Set(["sign_in_failed", "locked_out"]);
const COMMANDS = {
  place_call: "Place a call", hang_up: "Hang up", hold: "Hold", retrieve: "Take back from hold", blind_transfer: "Transfer", consult: "Consult", complete_transfer: "Complete the transfer",
  cancel_transfer: "Cancel the transfer", redirect: "Send elsewhere", park: "Park", send_digits: "Send digits", start_recording: "Start recording", stop_recording: "Stop recording",
  pause_recording: "Pause recording", resume_recording: "Go on recording", monitor: "Listen in", log_in: "Log in to queues", log_out: "Log out of queues", set_pause: "Change a pause",
  set_penalty: "Change a rank", set_do_not_disturb: "Do not disturb", set_forwarding: "Forward calls",
};

export function audit(page) {
  const { redraw } = page;
  const own = { of: "commands", entries: [], next: null, wanted: {}, people: new Map() };

  /** Names for ids: whoever may read commands need not be allowed to read users and tokens. */
  async function learnPeople() {
    const may = (scope) => page.me.scopes.includes(scope);
    const [users, tokens] = await Promise.all([may("users:manage") ? get("/api/v1/users") : { users: [] }, may("tokens:manage") ? get("/api/v1/tokens") : { tokens: [] }]);
    own.people = new Map([...users.users.map((each) => [`user:${each.user_id}`, each.name]), ...tokens.tokens.map((each) => [each.id, each.name])]);
  }

  async function load(cursor = null) {
    const { who, call_id, since } = own.wanted;
    const time = { since: since ? new Date(since).toISOString() : null, cursor, limit: PAGE };
    if (!cursor) await learnPeople();
    const found = await get(own.of === "commands" ? query("/api/v1/audit", { principal: who, call_id, ...time }) : query("/api/v1/audit/access", { by: who, ...time }));
    own.entries = cursor ? [...own.entries, ...found.entries] : found.entries;
    own.next = found.next;
    redraw();
  }

  function choose(of) {
    Object.assign(own, { of, entries: [], next: null });
    load();
  }

  const details = ({ type, ...rest }) => Object.entries(rest).filter(([, value]) => value !== null && value !== "" && typeof value !== "object").map(([name, value]) => `${name} ${value}`).join(" · ");

  const name = (id) => own.people.get(id) ?? id;

  const command = (entry) =>
    h(
      "tr",
      { key: entry.command_id },
      h("td", { class: "num" }, whenExactly(entry.asked_at)),
      words("td", entry.principal_name, "name"),
      h("td", { class: "name" }, h("b", null, t(COMMANDS[entry.command.type] ?? entry.command.type)), words("span", details(entry.command), "")),
      h("td", null, entry.pbx ?? ""),
      h("td", null, h("span", { class: `tag ${entry.state === "accepted" ? "s-ready" : entry.refusal ? "s-bad" : ""}` }, mark(MARKS[entry.state] ?? "watch"), t(WORDS[entry.state] ?? "Unknown")), words("span", entry.reason, "dim")),
    );

  const access = (entry) =>
    h(
      "tr",
      { key: entry.entry_id },
      h("td", { class: "num" }, whenExactly(entry.at)),
      words("td", entry.user_name ?? t("nobody known"), "name"),
      h("td", { class: "name" }, h("b", { class: BAD.has(entry.kind) ? "bad" : null }, t(KINDS[entry.kind] ?? entry.kind)), words("span", entry.detail, "")),
      words("td", entry.by === "nobody" ? "–" : name(entry.by), ""),
      h("td", { class: "num" }, entry.address ?? t("command line")),
    );

  const tabs = () =>
    h("div", { key: "of", class: "seg", role: "group", "aria-label": t("What is shown") }, [["commands", t("In calls")], ["access", t("Who came in, who may")]].map(([of, text]) => h("button", { key: of, type: "button", "aria-pressed": String(own.of === of), onclick: () => choose(of) }, text)));

  const form = () =>
    h(
      "form",
      { key: "form", class: "card form", onsubmit: (event) => { event.preventDefault(); own.wanted = valuesOf(event.target); load(); } },
      field(t("Done by"), "who", { value: own.wanted.who ?? "", options: [["", t("Everybody")], ...own.people] }),
      own.of === "commands" && field(t("Call"), "call_id", { value: own.wanted.call_id ?? "", hint: t("Its id.") }),
      field(t("Since"), "since", { type: "datetime-local", value: own.wanted.since ?? "" }),
      h("div", { key: "acts", class: "acts" }, h("button", { class: "btn btn-p" }, icon("search"), t("Search"))),
    );

  const HEADS = { commands: ["When", "Who", "What", "Telephone system", "What came of it"], access: ["When", "About", "What", "Done by", "From"] };

  return {
    id: "audit",
    icon: "history",
    label: t("Who did what"),
    scope: "audit:read",
    load: () => load(),
    view: () => [
      h("div", { key: "h", class: "page-h" }, tabs()),
      form(),
      h("section", { key: `list-${own.of}`, class: "card tblw", "aria-label": t("Who did what") }, own.entries.length ? table(HEADS[own.of].map((head) => t(head)), own.entries.map(own.of === "commands" ? command : access)) : h("div", { class: "empty" }, icon("history"), h("b", null, t("Nothing found")))),
      own.next && h("button", { key: "more", class: "btn", onclick: () => load(own.next) }, t("Older")),
    ],
  };
}
