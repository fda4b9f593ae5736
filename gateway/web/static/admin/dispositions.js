// What an agent may choose after a call: in both languages, in the order in which it is offered.
import { get, put } from "../lib/api.js";
import { h, icon } from "../lib/dom.js";
import { wrong } from "../lib/forms.js";
import { t } from "../lib/i18n.js";

export function dispositions({ redraw }) {
  const own = { list: [], changed: false, saved: false, problem: null };

  async function load() {
    if (own.changed) return; // what somebody is changing is not read over
    ({ dispositions: own.list } = await get("/api/v1/dispositions"));
    redraw();
  }

  function change(index, values) {
    own.list = own.list.map((each, at) => (at === index ? { ...each, ...values } : each));
    Object.assign(own, { changed: true, saved: false });
    redraw();
  }

  function move(index, by) {
    const list = [...own.list];
    const [moved] = list.splice(index, 1);
    list.splice(index + by, 0, moved);
    Object.assign(own, { list, changed: true, saved: false });
    redraw();
  }

  function add() {
    const id = `d${Date.now().toString(36)}`;
    own.list = [...own.list, { id, label: { en: "", zh: "" }, queues: [], note_required: false, call_back: false, key: null, retired: false }];
    Object.assign(own, { changed: true, saved: false });
    redraw();
  }

  async function save(event) {
    event.preventDefault();
    try {
      ({ dispositions: own.list } = await put("/api/v1/dispositions", { dispositions: own.list }));
      Object.assign(own, { changed: false, saved: true, problem: null });
    } catch (problem) {
      own.problem = problem;
    }
    redraw();
  }

  const text = (label, value, onchange, more = {}) => h("input", { class: "in", "aria-label": label, placeholder: label, value, onchange: (event) => onchange(event.target.value.trim()), ...more });

  const one = (each, index) =>
    h(
      "li",
      { key: each.id, class: "dispo" },
      h("span", { class: "ranks" }, h("button", { type: "button", class: "btn-i btn-i-s", disabled: index === 0, "aria-label": t("Up"), onclick: () => move(index, -1) }, "↑"), h("button", { type: "button", class: "btn-i btn-i-s", disabled: index === own.list.length - 1, "aria-label": t("Down"), onclick: () => move(index, 1) }, "↓")),
      text("English", each.label.en, (en) => change(index, { label: { ...each.label, en } }), { required: true, maxlength: "60", lang: "en" }),
      text("中文", each.label.zh, (zh) => change(index, { label: { ...each.label, zh } }), { required: true, maxlength: "60", lang: "zh-CN" }),
      text(t("Key 1-8"), each.key ?? "", (key) => change(index, { key: key ? Number(key) : null }), { type: "number", min: "1", max: "8" }),
      text(t("Queues; empty: all"), each.queues.join(" "), (queues) => change(index, { queues: queues.split(/[\s,]+/).filter(Boolean) })),
      h(
        "span",
        { class: "row wrap" },
        h("label", { class: "check" }, h("input", { type: "checkbox", checked: each.note_required, onchange: (event) => change(index, { note_required: event.target.checked }) }), t("needs a note")),
        h("label", { class: "check" }, h("input", { type: "checkbox", checked: each.call_back, onchange: (event) => change(index, { call_back: event.target.checked }) }), t("call back")),
        h("label", { class: "check" }, h("input", { type: "checkbox", checked: each.retired, onchange: (event) => change(index, { retired: event.target.checked }) }), t("retired")),
      ),
    );

  return {
    id: "dispositions",
    icon: "check",
    label: t("Dispositions"),
    scope: "users:manage",
    load,
    view: () => [
      h("div", { key: "h", class: "page-h" }, h("p", { class: "grow" }, t("What a call was about. A retired one is offered no more and stays where it was chosen.")), h("button", { class: "btn", type: "button", onclick: add }, icon("plus"), t("Add one"))),
      wrong(own.problem),
      h("form", { key: "form", class: "card", onsubmit: save, "aria-label": t("Dispositions") }, h("ol", null, own.list.map(one)), h("div", { class: "card-b row" }, h("button", { class: "btn btn-p", disabled: !own.changed }, t("Save")), own.saved && h("span", { role: "status", class: "mut" }, t("Saved")))),
    ],
  };
}
