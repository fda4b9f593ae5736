// What the user may set for himself: sound, notifications, and when a call shows itself.
import { h, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { keepSetting, signOut } from "../lib/shell.js";

export function settingsDialog(page) {
  const { settings } = page.me;
  const set = (change) => {
    Object.assign(settings, change);
    keepSetting(change);
    page.changed();
  };
  const permission = window.Notification?.permission;
  const pop = settings.pop ?? "ringing";
  const choice = (value, text) => h("label", { key: value, class: "choice" }, h("input", { type: "radio", name: "pop", value, checked: pop === value, onchange: () => set({ pop: value }) }), icon("check"), h("span", null, text));
  return h(
    "dialog",
    { key: "settings", id: "settings", "aria-labelledby": "settings-h", onclose: () => page.set({ settings: false }) },
    h("header", { class: "card-h" }, h("h2", { id: "settings-h" }, t("Settings")), h("button", { class: "btn-i end", "aria-label": t("Close"), onclick: () => document.getElementById("settings").close() }, icon("x"))),
    h(
      "div",
      { class: "settings" },
      h("label", { class: "check" }, h("input", { type: "checkbox", checked: settings.sound !== false, onchange: (event) => set({ sound: event.target.checked }) }), t("Ring in the browser")),
      permission === undefined
        ? h("p", { key: "none", class: "dim" }, t("This browser shows notifications only over https."))
        : permission === "granted"
          ? h("label", { key: "notify", class: "check" }, h("input", { type: "checkbox", checked: settings.notifications, onchange: (event) => set({ notifications: event.target.checked }) }), t("Notification on the desktop while another window is in front"))
          : h("button", { key: "ask", class: "btn", disabled: permission === "denied" ? true : null, onclick: () => Notification.requestPermission().then((answer) => set({ notifications: answer === "granted" })) }, permission === "denied" ? t("The browser forbids notifications for this page") : t("Allow notifications on the desktop")),
      h("fieldset", null, h("legend", { class: "lab" }, t("A call shows itself")), h("div", { class: "choices" }, choice("ringing", t("when it rings")), choice("answered", t("once it is answered")), choice("never", t("when I open it")))),
      h("div", { class: "row" }, h("button", { class: "btn", onclick: () => (document.getElementById("settings").close(), page.set({ keys: true })) }, t("Keyboard shortcuts")), h("button", { class: "btn end", onclick: signOut }, t("Sign out"))),
    ),
  );
}
