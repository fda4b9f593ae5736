// Fields with what is wrong beside them, questions before what cannot be undone, and secrets that are shown once.
import { h, icon, mark, show } from "./dom.js";
import { t } from "./i18n.js";

let numbered = 0;

/** A labelled input; `more` are the input's own properties. */
export function field(label, name, { hint, wrong, wide, options, ...more } = {}) {
  const id = `f-${name}`;
  const described = wrong ? `${id}-wrong` : hint ? `${id}-hint` : null;
  const input = { class: "in", id, name, "aria-invalid": wrong ? "true" : null, "aria-describedby": described, ...more };
  return h(
    "div",
    { key: name, class: wide ? "field wide" : "field" },
    h("label", { for: id }, label),
    options ? h("select", input, options.map(([value, text]) => h("option", { key: value, value, selected: value === more.value }, text))) : h("input", input),
    hint && !wrong && h("p", { class: "hint-t", id: `${id}-hint` }, hint),
    wrong && h("p", { class: "wrong", id: `${id}-wrong`, role: "alert" }, wrong),
  );
}

export const checkbox = (label, name, checked, more = {}) => h("label", { key: name, class: "check" }, h("input", { type: "checkbox", name, checked, ...more }), label);

/** What a form holds: texts, and for checkboxes whether they are set. */
export function valuesOf(form) {
  const values = {};
  for (const element of form.elements) {
    if (!element.name) continue;
    if (element.type !== "checkbox") values[element.name] = element.value.trim();
    else if (element.value === "on") values[element.name] = element.checked;
    else (values[element.name] ??= []).push(...(element.checked ? [element.value] : []));
  }
  return values;
}

/** A key handler by which Escape leaves a form. */
export const byEscape = (leave) => (event) => {
  if (event.key === "Escape") leave();
};

/** What went wrong, beside its cause; nothing when nothing did. */
export const wrong = (problem) =>
  problem && h("div", { key: "wrong", class: "err wide", role: "alert" }, mark("alert"), h("div", null, h("p", { class: "b" }, problem.title ?? ""), h("p", null, problem.detail ?? problem.message ?? "")));

/** A secret, to be copied now: it is not told again. */
export function secret(text, what, done) {
  return h(
    "div",
    { key: "secret", class: "secret", role: "status" },
    icon("key"),
    h("div", { class: "grow" }, h("p", { class: "b" }, what), h("code", null, text), h("p", null, t("It is shown this once. Keep it where nobody else reads it."))),
    h("button", { class: "btn", type: "button", onclick: () => navigator.clipboard?.writeText(text) }, t("Copy")),
    h("button", { class: "btn btn-q", type: "button", onclick: done }, t("Done")),
  );
}

/** Ask before something that cannot be undone; resolves to whether it is wanted. */
export function sure(question, text, action) {
  const dialog = document.createElement("dialog");
  const id = `ask-${(numbered += 1)}`;
  dialog.setAttribute("aria-labelledby", id);
  document.body.append(dialog);
  return new Promise((resolve) => {
    const close = (answer) => {
      resolve(answer);
      dialog.close();
    };
    show(
      dialog,
      h(
        "div",
        { class: "ask" },
        h("h2", { id }, question),
        text && h("p", { class: "mut" }, text),
        h("div", { class: "acts" }, h("button", { class: "btn", autofocus: true, onclick: () => close(false) }, t("Cancel")), h("button", { class: "btn btn-bad", onclick: () => close(true) }, action)),
      ),
    );
    dialog.onclose = () => {
      resolve(false);
      dialog.remove();
    };
    dialog.showModal();
  });
}
