// Where events go: how it stands there, a test, the change of secrets, what did not arrive and is tried again.
import { get, patch, path, post, remove } from "../lib/api.js";
import { count, whenExactly } from "../lib/format.js";
import { h, icon, mark, words } from "../lib/dom.js";
import { byEscape, field, secret, sure, valuesOf, wrong } from "../lib/forms.js";
import { t } from "../lib/i18n.js";

const SHOWN = 10; // of the last tries

const list = (text) => text.split(/[\s,]+/).filter(Boolean);

export function webhooks({ redraw }) {
  const own = { webhooks: [], editing: null, chosen: null, dead: [], attempts: [], told: null, secret: null, problem: null, opener: null };

  async function load() {
    ({ webhooks: own.webhooks } = await get("/api/v1/webhooks"));
    if (own.chosen) await look(own.chosen);
    redraw();
  }

  async function look(id) {
    own.chosen = id;
    const [dead, attempts] = await Promise.all([get(path`/api/v1/webhooks/${id}/dead`), get(path`/api/v1/webhooks/${id}/attempts`)]);
    Object.assign(own, { dead: dead.dead, attempts: attempts.attempts.slice(0, SHOWN) });
    redraw();
  }

  /** Do something and say what came of it. */
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

  function edit(webhook) {
    Object.assign(own, { editing: webhook, opener: document.activeElement, problem: null });
    redraw("form .in");
  }

  function cancel() {
    Object.assign(own, { editing: null, problem: null });
    redraw(own.opener);
  }

  const save = (event) => {
    event.preventDefault();
    const { name, url, topics, pbxs, queues, template, enabled } = valuesOf(event.target);
    const wanted = { name, url, topics: list(topics), pbxs: list(pbxs), queues: list(queues), template: template || null, enabled };
    tried(async () => {
      const { webhook_id: id } = own.editing;
      const kept = id ? await patch(path`/api/v1/webhooks/${id}`, wanted) : await post("/api/v1/webhooks", wanted);
      Object.assign(own, { editing: null, secret: kept.secret ? kept : null });
      redraw(kept.secret ? ".secret .btn" : own.opener);
    });
  };

  const ping = (webhook) =>
    tried(async () => {
      const { arrived, status, why, took_s: took } = await post(path`/api/v1/webhooks/${webhook.webhook_id}/ping`);
      own.told = { webhook, arrived, text: arrived ? t("Arrived: {status} after {s} s", { status, s: took }) : t("Did not arrive: {why}", { why: why ?? status }) };
    });

  const rotate = async (webhook) => {
    own.opener = document.activeElement;
    if (!(await sure(t("Give {name} a new secret?", { name: webhook.name }), t("For a day both the old one and the new one sign."), t("New secret")))) return;
    tried(async () => {
      own.secret = await post(path`/api/v1/webhooks/${webhook.webhook_id}/rotate`, {});
    }, ".secret .btn");
  };

  const removed = async (webhook) => {
    if (!(await sure(t("Remove {name}?", { name: webhook.name }), t("Nothing is sent there any more; what waits for it is dropped."), t("Remove")))) return;
    tried(async () => {
      await remove(path`/api/v1/webhooks/${webhook.webhook_id}`);
      own.chosen = null;
    });
  };

  const replay = (webhook, positions) => tried(() => post(path`/api/v1/webhooks/${webhook.webhook_id}/replay`, positions ? { positions } : {}));

  function form() {
    const { editing } = own;
    return h(
      "form",
      { key: `form-${editing.webhook_id ?? ""}`, class: "card form", "aria-label": editing.webhook_id ? t("Change {name}", { name: editing.name }) : t("New webhook"), onsubmit: save, onkeydown: byEscape(cancel) },
      wrong(own.problem),
      field(t("Name"), "name", { required: true, maxlength: "100", value: editing.name ?? "" }),
      field(t("Address"), "url", { required: true, type: "url", maxlength: "2000", value: editing.url ?? "", placeholder: "https://crm.example/hooks/tieline", hint: t("Addresses inside the house must stand in webhooks.allow.") }),
      field(t("Events"), "topics", { required: true, value: (editing.topics ?? ["call.ended"]).join(" "), hint: t("Types, or what they begin with: call, call.ended; * is all.") }),
      field(t("Only of these telephone systems"), "pbxs", { value: (editing.pbxs ?? []).join(" "), hint: t("Empty: of all.") }),
      field(t("Only of these queues"), "queues", { value: (editing.queues ?? []).join(" "), hint: t("Empty: of all.") }),
      field(t("Body"), "template", { value: editing.template ?? "", hint: t("JSON with placeholders such as {{data.caller}}; empty: the event as it is.") }),
      h("label", { key: "enabled", class: "check" }, h("input", { type: "checkbox", name: "enabled", checked: editing.enabled ?? true }), t("Send")),
      h("div", { key: "acts", class: "acts" }, h("button", { class: "btn btn-p" }, t("Save")), h("button", { class: "btn", type: "button", onclick: cancel }, t("Cancel"))),
    );
  }

  function standing(webhook) {
    if (!webhook.enabled) return ["away", t("Off"), webhook.disabled_why];
    if (webhook.away_since) return ["bad", t("No answer since {time}", { time: whenExactly(webhook.away_since) }), webhook.why];
    if (webhook.dead) return ["hold", t("Given up: {n}", { n: count(webhook.dead) }), webhook.why];
    return webhook.why ? ["hold", t("Last try failed"), webhook.why] : ["ready", t("Well"), null];
  }

  function one(webhook) {
    const [tone, word, why] = standing(webhook);
    const isChosen = own.chosen === webhook.webhook_id;
    return h(
      "li",
      { key: webhook.webhook_id },
      h("span", { class: `pill s-${tone}` }, word),
      h(
        "div",
        null,
        h("h2", null, webhook.name),
        words("p", webhook.url, ""),
        why && words("p", why, "bad"),
        h("dl", null, h("div", null, h("dt", null, t("Events")), h("dd", null, webhook.topics.join(" "))), h("div", null, h("dt", null, t("Waiting to be sent")), h("dd", { class: "num" }, count(webhook.waiting))), webhook.signing_keys > 1 && h("div", null, h("dt", null, t("Two secrets sign")))),
        own.told?.webhook.webhook_id === webhook.webhook_id && h("p", { role: "status", class: own.told.arrived ? "" : "bad" }, own.told.text),
      ),
      h(
        "span",
        { class: "row wrap" },
        h("button", { class: "btn btn-s", "aria-label": t("Test {name}", { name: webhook.name }), onclick: () => ping(webhook) }, t("Test")),
        h("button", { class: "btn btn-s", "aria-label": t("Change {name}", { name: webhook.name }), onclick: () => edit(webhook) }, t("Change")),
        h("button", { class: "btn btn-s", "aria-label": t("New secret for {name}", { name: webhook.name }), onclick: () => rotate(webhook) }, t("New secret")),
        h("button", { class: "btn btn-s", "aria-label": t("Deliveries to {name}", { name: webhook.name }), "aria-expanded": String(isChosen), onclick: () => (isChosen ? ((own.chosen = null), redraw()) : tried(() => look(webhook.webhook_id))) }, t("Deliveries")),
        h("button", { class: "btn btn-s btn-q", "aria-label": t("Remove {name}", { name: webhook.name }), onclick: () => removed(webhook) }, t("Remove")),
      ),
      isChosen && details(webhook),
    );
  }

  const details = (webhook) =>
    h(
      "div",
      { key: "details", class: "deliveries" },
      own.dead.length > 0 && h("div", { key: "dead" }, h("div", { class: "row" }, h("p", { class: "b" }, t("Given up: {n}", { n: count(webhook.dead) })), h("button", { class: "btn btn-s", onclick: () => replay(webhook) }, icon("return"), t("Try all again"))), h("ul", null, own.dead.map((each) => h("li", { key: each.position, class: "row wrap" }, h("span", { class: "num" }, whenExactly(each.at)), h("code", null, each.type), words("span", each.why, "bad"), h("button", { class: "btn btn-s btn-q", onclick: () => replay(webhook, [each.position]) }, t("Try again")))))),
      h("p", { class: "b" }, t("Last tries")),
      own.attempts.length ? h("ul", null, own.attempts.map((each, index) => h("li", { key: `${each.at}${index}`, class: "row wrap" }, mark(each.why ? "alert" : "ok", `st ${each.why ? "bad" : ""}`), h("span", { class: "num" }, whenExactly(each.at)), h("code", null, each.type), words("span", each.why ?? String(each.status ?? ""), "dim")))) : h("p", { class: "dim" }, t("Nothing was sent yet")),
    );

  return {
    id: "webhooks",
    icon: "send",
    label: t("Webhooks"),
    scope: "webhooks:manage",
    badge: () => own.webhooks.filter((each) => each.enabled && (each.away_since || each.dead)).length,
    load,
    view: () => [
      h("div", { key: "h", class: "page-h" }, h("p", { class: "grow" }, t("Events are sent there as they happen, signed as Standard Webhooks ask for, tried again until they arrive.")), h("button", { class: "btn btn-p", onclick: () => edit({}) }, icon("plus"), t("New webhook"))),
      own.secret && secret(own.secret.secret, t("The secret of {name}", { name: own.secret.name }), () => { own.secret = null; redraw(own.opener); }),
      own.editing ? form() : wrong(own.problem),
      h("section", { key: "list", class: "card", "aria-label": t("Webhooks") }, own.webhooks.length ? h("ul", { class: "links-l" }, own.webhooks.map(one)) : h("div", { class: "empty" }, icon("send"), h("b", null, t("No webhook yet")))),
    ],
  };
}
