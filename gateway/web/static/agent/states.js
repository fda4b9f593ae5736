// The button with the agent's own state, and the menu that changes it.
import { h, icon, mark } from "../lib/dom.js";
import { stateOf, stateText } from "../lib/calls.js";
import { t } from "../lib/i18n.js";
import { timer } from "../lib/shell.js";
import { refused } from "./actions.js";

/** Why one is not ready; the words go to the telephone system as they stand. */
export const REASONS = ["Break", "Lunch", "Training", "Back office"];

export function stateButton(page) {
  const { desk, ui, actions, link } = page;
  const { agent } = desk;
  const unknown = !link.online || desk.pbx?.link.status !== "connected";
  if (unknown || !agent) {
    return h("div", { class: "anchor", key: "state" }, h("button", { class: "me s-out", "aria-disabled": "true" }, mark("out"), h("span", null, agent || unknown ? t("State unknown") : t("Logged out"))));
  }
  const { tone, mark: shape } = stateOf(agent);
  const waiting = ["ready", "pause", "log-out"].some((what) => actions.isBusy("agent", what));
  const button = h(
    "button",
    { class: `me s-${tone}`, id: "state", "aria-haspopup": "menu", "aria-expanded": String(ui.menu), "aria-busy": waiting ? "true" : null, onclick: () => (ui.menu ? closeMenu(page) : openMenu(page)) },
    mark(shape),
    h("span", null, stateText(agent)),
    agent.since && timer(agent.since),
    icon("down", "i i-s"),
  );
  return h("div", { class: "anchor", key: "state" }, button, ui.menu && menu(page), problem(page));
}

function menu(page) {
  const { desk, actions } = page;
  const item = (key, tone, shape, text, onclick, shortcut, current) =>
    h("button", { key, role: "menuitemradio", "aria-checked": String(Boolean(current)), onclick, disabled: !desk.queues.length && key !== "ready" ? true : null }, mark(shape, `st s-${tone}`), h("span", { class: "grow" }, text), shortcut && h("kbd", null, shortcut));
  const { agent } = desk;
  return h(
    "div",
    { class: "pop statemenu enter", role: "menu", key: "menu", "aria-label": t("Your state"), onkeydown: move },
    h("p", { class: "cap", role: "presentation" }, t("Your state")),
    item("ready", "ready", "ready", t("Ready"), () => ready(page), "Alt 1", agent.state === "ready"),
    REASONS.map((reason, index) => item(reason, "away", "notready", `${t("Not ready")} · ${t(reason)}`, () => notReady(page, reason), index < 2 ? `Alt ${index + 2}` : null, agent.state === "not_ready" && agent.reason === reason)),
    desk.queues.length > 0 && [h("hr", { key: "hr", role: "separator" }), item("out", "away", "out", t("Log out of the queues"), () => logOut(page), null, false)],
    h("p", { class: "note", key: "note", role: "presentation" }, desk.queues.length ? t("Chosen during a call, it takes effect after the call.") : t("You serve no queue: callers reach you at your extension alone.")),
    actions.refusal("agent") && h("p", { class: "note bad", key: "refused", role: "presentation" }, refused(actions.refusal("agent"))),
  );
}

function openMenu(page) {
  page.set({ menu: true });
  // It is drawn before this comes to its turn.
  requestAnimationFrame(() => (document.querySelector(".statemenu [aria-checked=true]:not(:disabled)") ?? document.querySelector(".statemenu button:not(:disabled)"))?.focus());
}

/** Who is in the menu by the keyboard comes back to the button. */
export function closeMenu(page) {
  if (document.activeElement?.closest(".statemenu")) document.getElementById("state").focus();
  page.set({ menu: false });
}

/** The arrows move among the entries. */
function move(event) {
  const entries = [...event.currentTarget.querySelectorAll("button:not(:disabled)")];
  const at = entries.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1 + entries.length * (at < 1), Home: 0, End: entries.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  entries[next % entries.length]?.focus();
}

const problem = (page) => {
  const refusal = !page.ui.menu && page.actions.refusal("agent");
  return refusal && h("div", { key: "wrong", class: "pop statewrong", role: "alert" }, h("p", { class: "note" }, refused(refusal)), h("button", { class: "btn btn-s", onclick: () => page.actions.forget("agent") }, t("Close")));
};

/** Ready for all: a break is over, or the queues that were left are served again. */
export async function ready(page) {
  closeMenu(page);
  await page.actions.agent("resume");
}

export async function notReady(page, reason) {
  closeMenu(page);
  await page.actions.agent("pause", { reason });
}

async function logOut(page) {
  closeMenu(page);
  for (const { queue } of page.desk.queues) await page.actions.agent(`queues/${encodeURIComponent(queue)}/log-out`);
}
