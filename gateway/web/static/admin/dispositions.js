// What an agent may choose after a call: in both languages, in the order in which it is offered.
import { get, put } from "../lib/api.js";
import { h, icon } from "../lib/dom.js";
import { wrong } from "../lib/forms.js";
import { t } from "../lib/i18n.js";

export function dispositions({ redraw }) {
  const own = { list: [], isThere: false, kept: new Set(), changed: false, saved: false, problem: null };

  function take({ dispositions: list }) {
    Object.assign(own, { list, isThere: true, kept: new Set(list.map((each) => each.id)) });
  }

  async function load() {
    const told = await get("/api/v1/dispositions");
    if (!own.changed) take(told); // what somebody is changing is not read over
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
    // The same arrow again, or the other one where it has come to an end.
    const end = index + by === 0 || index + by === list.length - 1;
    redraw(`[data-id="${moved.id}"] .ranks button:${by < 0 === end ? "last" : "first"}-child`);
  }

  function add() {
    const id = `d${Date.now().toString(36)}`;
    own.list = [...own.list, { id, label: { en: "", zh: "" }, queues: [], note_required: false, call_back: false, key: null, retired: false }];
    Object.assign(own, { changed: true, saved: false });
    redraw(`[data-id="${id}"] .in`);
  }

  /** One that was never saved is taken back; others are only retired, for calls have them. */
  function takeBack(id) {
    own.list = own.list.filter((each) => each.id !== id);
    redraw();
  }

  async function save(event) {
    event.preventDefault();
    try {
      take(await put("/api/v1/dispositions", { dispositions: own.list }));
      Object.assign(own, { changed: false, saved: true, problem: null });
    } catch (problem) {
      own.problem = problem;
    }
    redraw();
  }

  const text = (label, value, onchange, more = {}) => h("label", null, h("span", { class: "lab" }, label), h("input", { class: "in", value, onchange: (event) => onchange(event.target.value.trim()), ...more }));

  const one = (each, index) =>
    h(
      "li",
      { key: each.id, class: "dispo", "data-id": each.id },
      h("span", { class: "ranks" }, h("button", { type: "button", class: "btn-i btn-i-s", disabled: index === 0, "aria-label": t("Up"), onclick: () => move(index, -1) }, "↑"), h("button", { type: "button", class: "btn-i btn-i-s", disabled: index === own.list.length - 1, "aria-label": t("Down"), onclick: () => move(index, 1) }, "↓")),
      text("English", each.label.en, (en) => change(index, { label: { ...each.label, en } }), { required: true, maxlength: "60", lang: "en" }),
      text("中文", each.label.zh, (zh) => change(index, { label: { ...each.label, zh } }), { required: true, maxlength: "60", lang: "zh-CN" }),
      text(t("Key 1-8"), each.key ?? "", (key) => change(index, { key: key ? Number(key) : null }), { type: "number", min: "1", max: "8" }),
      text(t("Queues"), each.queues.join(" "), (queues) => change(index, { queues: queues.split(/[\s,]+/).filter(Boolean) }), { placeholder: t("all") }),
      h(
        "span",
        { class: "row wrap" },
        h("label", { class: "check" }, h("input", { type: "checkbox", checked: each.note_required, onchange: (event) => change(index, { note_required: event.target.checked }) }), t("needs a note")),
        h("label", { class: "check" }, h("input", { type: "checkbox", checked: each.call_back, onchange: (event) => change(index, { call_back: event.target.checked }) }), t("call back")),
        own.kept.has(each.id)
          ? h("label", { key: "retired", class: "check" }, h("input", { type: "checkbox", checked: each.retired, onchange: (event) => change(index, { retired: event.target.checked }) }), t("retired"))
          : h("button", { key: "back", type: "button", class: "btn btn-s btn-q", onclick: () => takeBack(each.id) }, t("Take back")),
      ),
    );

  return {
    id: "dispositions",
    icon: "check",
    label: t("Dispositions"),
    scope: "desk:manage",
    load,
    view: () => [
      h("div", { key: "h", class: "page-h" }, h("p", { class: "grow" }, t("What a call was about. A retired one is offered no more and stays where it was chosen.")), h("button", { class: "btn", type: "button", disabled: !own.isThere, onclick: add }, icon("plus"), t("Add one"))),
      wrong(own.problem),
      h("form", { key: "form", class: "card", onsubmit: save, "aria-label": t("Dispositions") }, h("div", { class: "dispo dispo-h", "aria-hidden": "true" }, h("span"), h("span", null, "English"), h("span", null, "中文"), h("span", null, t("Key 1-8")), h("span", null, t("Queues")), h("span")), h("ol", null, own.list.map(one)), h("div", { class: "card-b row" }, h("button", { class: "btn btn-p", disabled: !own.changed }, t("Save")), own.saved && h("span", { role: "status", class: "mut" }, t("Saved")))),
    ],
  };
}
