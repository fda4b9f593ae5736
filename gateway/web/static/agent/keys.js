// The page by the keyboard. Alt and the physical key, so that it also works where Alt types a character (macOS) and under a
// Chinese input method.
import { h, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { byKey, saveAnd } from "./wrapup.js";
import { notReady, ready, REASONS } from "./states.js";

const LIST = () => [
  [t("Hold, take back"), "Alt H"], [t("Find or dial"), "/"], [t("Consult"), "Alt C"], [t("Ready"), "Alt 1"], [t("Transfer"), "Alt T"], [`${t("Not ready")} · ${t("Break")}`, "Alt 2"],
  [t("Keypad"), "Alt K"], [`${t("Not ready")} · ${t("Lunch")}`, "Alt 3"], [t("Pause recording"), "Alt R"], [t("File the call"), "1 – 8"], [t("Hang up, reject"), "Alt X"], [t("Save the wrap-up"), "Ctrl ↵"],
  [t("Write a note"), "Alt N"], [t("This list"), "?"], [t("Next call of the list"), "Alt ↓"], [t("Close what is open"), "Esc"],
];

export const keyDialog = (page) =>
  h(
    "dialog",
    { key: "keys", id: "keys", "aria-labelledby": "keys-h", onclose: () => page.set({ keys: false }) },
    h("header", { class: "card-h" }, h("h2", { id: "keys-h" }, t("Keyboard shortcuts")), h("button", { class: "btn-i end", "aria-label": t("Close"), onclick: () => document.getElementById("keys").close() }, icon("x"))),
    h("div", { class: "keymap" }, [...LIST(), ...(page.chats?.keys() ?? [])].map(([text, keys]) => h("div", { key: text }, h("span", null, text), h("kbd", null, keys)))),
  );

export function listenToKeys(page) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const typing = event.target.matches?.("input:not([type=radio]), textarea, select");
    const done = event.altKey ? page.chats?.withAlt(event.code) || withAlt(page, event.code) : plain(page, event, typing);
    if (done) event.preventDefault();
  });
}

/** Whether the key means something here. */
function withAlt(page, code) {
  const card = page.current;
  const isCall = card && !page.wraps;
  const can = (name) => isCall && page.isCurrent && card.controls.includes(name);
  const first = (...names) => {
    const name = names.find(can);
    if (name) page.actions.call(card, name);
    return true;
  };
  const panel = (name, need) => {
    if (can(need)) page.togglePanel(name);
    return true;
  };
  switch (code) {
    case "KeyH": return first("retrieve", "hold", "cancel_transfer");
    case "KeyC": return panel("consult", "consult");
    case "KeyT": return can("complete_transfer") ? first("complete_transfer") : panel("transfer", "blind_transfer");
    case "KeyK": return panel("keypad", page.ui.panel === "keypad" ? "hang_up" : "send_digits");
    case "KeyR": return first("pause_recording", "resume_recording", "start_recording");
    case "KeyX": return first("hang_up");
    case "KeyN": return focus("note") || focus("wrap-note") || true;
    case "ArrowDown": return page.chooseNext();
    case "Digit1": return ready(page), true;
    case "Digit2": return notReady(page, REASONS[0]), true;
    case "Digit3": return notReady(page, REASONS[1]), true;
    default: return false;
  }
}

function plain(page, event, typing) {
  const { wraps } = page;
  if (event.key === "Escape") return page.closeAll();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && wraps) return saveAnd(page, ready), true;
  if (typing || event.ctrlKey || event.metaKey) return false;
  if (event.key === "/") return focus("dial") || focus("dial-2");
  if (page.chats?.plain(event)) return true;
  if (event.key === "?") return page.set({ keys: true }), true;
  if (wraps && /^[1-8]$/.test(event.key)) {
    const disposition = byKey(page, page.current, Number(event.key));
    if (disposition) page.notes.choose(page.current, disposition.id);
    return true;
  }
  if (page.ui.panel === "keypad" && /^[0-9*#]$/.test(event.key)) {
    page.set({ digits: page.ui.digits + event.key });
    page.sendDigits(page.desk.consultationOf(page.current) ?? page.current, event.key);
    return true;
  }
  return false;
}

function focus(id) {
  const element = document.getElementById(id);
  if (!element || element.disabled || element.offsetParent === null) return false;
  element.focus();
  element.select?.();
  return true;
}
