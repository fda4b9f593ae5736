// What visitors write, beside the calls: in the work list and on the stage. Loaded when the first conversation is there.
import { h, icon, lazy, mark, words } from "../lib/dom.js";
import { clock, initials, languageName, whenExactly } from "../lib/format.js";
import { learn, ofBoth, t } from "../lib/i18n.js";
import { timer } from "../lib/shell.js";
import { zh } from "../zh/conversations.js";
import { refusal } from "./cards.js";
import { channelName, Chats, nameOf } from "./chats.js";
import { EVIDENCE } from "./customer.js";
import { colleagues, nameOf as colleagueName, otherSide, whyOf } from "./people.js";

const MAX_TEXT = 4000;
const NEAR_PX = 60; // from the end of what was said: who reads there is taken along
const ICONS = { webchat: "web", wechat: "wechat" };

/** Load what the view needs. Resolves to a {Chats} that draws itself too. */
export async function load(page) {
  learn(zh);
  await new Promise((resolve) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/static/conversations.css", onload: resolve, onerror: resolve });
    document.head.append(link);
  });
  return new View(page);
}

class View extends Chats {
  // In the work list

  group() {
    const { all } = this;
    if (!all.length) return null;
    return [
      h("div", { key: "chats-h", class: "group" }, h("span", { class: "cap" }, t("Conversations")), h("span", { class: "badge badge-q" }, String(all.length)), h("kbd", { class: "end" }, "Alt M")),
      h("ul", { key: "chats" }, all.map((each) => h("li", { key: each.conversation_id }, this.line(each)))),
    ];
  }

  line(conversation) {
    const id = conversation.conversation_id;
    const mine = this.isMine(conversation);
    const unread = this.unread(conversation);
    const last = this.last.get(id) ?? this.messages(id).at(-1);
    const text = last?.text ?? conversation.handover?.summary ?? [channelName(conversation), conversation.queue].filter(Boolean).join(" · ");
    return h(
      "button",
      { class: "item", "data-chat": id, "aria-current": this.page.ui.view === "chat" && this.page.ui.chat === id ? "true" : null, onclick: () => this.open(id) },
      h("span", { class: "avatar", "aria-hidden": "true" }, initials(nameOf(conversation)), icon(ICONS[conversation.channel] ?? "chat")),
      h("span", { class: "cut" }, h("span", { class: "l1" }, words("span", nameOf(conversation))), h("span", { class: "l2" }, words("span", text))),
      h("span", { class: "r" }, mine ? unread > 0 && h("span", { key: "new", class: "badge", title: t("New messages") }, String(unread)) : h("span", { key: "waits", class: "tag s-hold" }, mark("queued"), t("Waiting")), timer(this.since(conversation))),
    );
  }

  // On the stage

  stage() {
    const now = this.current;
    const { page } = this;
    const id = now.conversation_id;
    const mine = this.isMine(now);
    const open = now.state !== "closed";
    const panel = open && mine ? page.ui.panel : null;
    return h(
      "article",
      { key: `chat-${id}`, class: "thread card chat", "aria-labelledby": "chat-h", "data-chat": id, "data-part": mine ? now.state : "waiting" },
      this.callStrip(),
      h(
        "header",
        { key: "head", class: "card-h" },
        h("span", { class: "avatar hide-m", "aria-hidden": "true" }, initials(nameOf(now)), icon(ICONS[now.channel] ?? "chat")),
        h("div", { class: "grow cut" }, words("h1", nameOf(now), "cut", { id: "chat-h" }), h("p", { class: "dim cut" }, [channelName(now), now.queue].filter(Boolean).join(" · "))),
        !mine && h("span", { key: "waits", class: "tag s-hold" }, mark("queued"), t("Waiting")),
        mine && open && this.opener("pass", "transfer", t("Pass on"), "Alt T"),
        mine && open && this.opener("close", "check", t("End"), "Alt X"),
      ),
      handover(now.handover, id),
      this.thread(now),
      panel === "pass" ? this.passing(now) : !open || panel === "close" ? this.closing(now) : mine ? this.reply(now) : this.taking(now),
      refusal(page, id),
    );
  }

  /** A call that goes on while he writes. */
  callStrip() {
    const { page } = this;
    const talked = page.desk.lines.find((card) => card.role_of_mine === "connected" || card.role_of_mine === "held");
    if (!talked) return null;
    return h("button", { key: "strip", class: "strip s-talking", onclick: () => page.choose(talked.call.call_id) }, mark("talking"), words("b", otherSide(talked, page.desk, page.me).label), timer(talked.leg_since), h("span", { class: "mut hide-m" }, t("The call goes on")), h("span", { class: "end row" }, t("Back to the call"), icon("right", "i i-s")));
  }

  opener(panel, shape, text, keys) {
    const { page } = this;
    return h("button", { key: panel, class: "btn btn-s", "aria-expanded": String(page.ui.panel === panel), "aria-keyshortcuts": keys.replace(" ", "+"), title: `${text} (${keys})`, onclick: () => this.toggle(panel) }, icon(shape), text);
  }

  toggle(panel) {
    const { page } = this;
    const now = this.current;
    if (!now || !this.isMine(now)) return;
    const open = page.ui.panel === panel ? null : panel;
    this.focus = open === "pass" ? "pass-to" : open === "close" ? "chat-filed" : "reply";
    page.set({ panel: open, people: "" });
    page.draw();
  }

  thread(now) {
    const id = now.conversation_id;
    const said = this.messages(id);
    return h(
      "div",
      { key: `said-${id}`, class: "msgs", id: "said", role: "log", "aria-label": t("What was said"), tabindex: "0" },
      this.reads.has(id) && !said.length && h("p", { key: "reading", class: "sys" }, t("Loading")),
      said.map((each) => lazy(each.seq, [each, nameOf(now)], () => this.message(now, each))),
      now.state === "closed" && h("p", { key: "over", class: "sys" }, t("The conversation is over")),
    );
  }

  message(now, each) {
    const mine = each.author !== "visitor";
    const author = each.author === "visitor" ? nameOf(now) : each.author === "agent" ? each.name ?? t("Agent") : t("Assistant");
    return h(
      "div",
      { key: each.seq, class: `msg ${mine ? "mine" : ""} ${each.author === "application" ? "bot" : ""}` },
      h(
        "div",
        { class: "said" },
        mine ? h("b", { class: "by" }, author) : h("span", { class: "sr" }, `${author}: `),
        h("p", { dir: "auto" }, each.text, link(each.link)),
        each.choices.length > 0 && h("ul", { key: "choices", class: "row wrap", "aria-label": t("Quick replies") }, each.choices.map((choice) => h("li", { key: choice.value, class: "tag", dir: "auto" }, choice.label))),
      ),
      h("time", { datetime: each.at }, clock(each.at)),
    );
  }

  taking(now) {
    const id = now.conversation_id;
    const busy = this.page.actions.isBusy(id, "take");
    return h("div", { key: "take", class: "compose" }, h("button", { class: "btn btn-go btn-l", id: "take", "aria-busy": busy ? "true" : null, disabled: this.page.link.online ? null : true, onclick: () => this.takeOn(id) }, icon("chat"), t("Take it")), h("span", { class: "dim" }, t("The visitor is told who you are.")));
  }

  reply(now) {
    const id = now.conversation_id;
    const busy = this.page.actions.isBusy(id, "say");
    return h(
      "form",
      { key: `reply-${id}`, class: "compose", onsubmit: (event) => (event.preventDefault(), this.send(id)) },
      h("textarea", {
        class: "in", id: "reply", rows: "2", maxlength: String(MAX_TEXT), value: this.draft(id), placeholder: t("Answer {name}", { name: nameOf(now) }), "aria-label": t("Message"), spellcheck: "true", enterkeyhint: "send",
        oninput: (event) => this.type(id, event.target.value),
        onkeydown: (event) => {
          if (event.key !== "Enter" || event.shiftKey || event.altKey || event.isComposing) return;
          event.preventDefault();
          this.send(id);
        },
      }),
      h("button", { class: "btn btn-p", id: "send", "aria-busy": busy ? "true" : null, disabled: this.page.link.online ? null : true }, icon("send"), t("Send it")),
    );
  }

  passing(now) {
    const { page } = this;
    const id = now.conversation_id;
    const targets = this.targets();
    const go = (target) => target && this.pass(id, target.to);
    return h(
      "div",
      { key: "passing", class: "panel" },
      h("form", { class: "panel-h", role: "search", onsubmit: (event) => (event.preventDefault(), go(this.targets()[0])) }, h("div", { class: "dial" }, icon("search"), h("input", { class: "in", id: "pass-to", value: page.ui.people, placeholder: t("Colleague or queue"), "aria-label": t("Colleague or queue"), autocomplete: "off", oninput: (event) => page.set({ people: event.target.value }) }))),
      h(
        "ul",
        { class: "people" },
        targets.map((target, index) => h("li", { key: target.key, class: "person" }, icon(target.shape, "st"), h("div", { class: "cut" }, words("b", target.name, null), h("p", { class: "why cut" }, target.line)), h("span", { class: "acts2" }, h("button", { class: `btn btn-s ${index ? "" : "btn-p"}`, "aria-label": `${t("Pass on")}: ${target.name}`, onclick: () => go(target) }, t("Pass on"))))),
        !targets.length && h("li", { key: "none", class: "person" }, icon("people"), h("span", { class: "dim" }, t("Nobody found."))),
      ),
    );
  }

  targets() {
    const { desk, me, ui } = this.page;
    const names = new Map(desk.queueTargets.map((each) => [each.queue, each.name]));
    const all = [...new Set([...names.keys(), ...[...desk.colleagues.values()].flatMap((each) => each.queues ?? [])])].map((queue) => ({ queue, name: names.get(queue) ?? queue }));
    const wanted = ui.people.trim().toLowerCase();
    return [
      ...all.filter((each) => `${each.name} ${each.queue}`.toLowerCase().includes(wanted)).map((each) => ({ key: `q${each.queue}`, shape: "queue", name: each.name, line: t("Queue"), to: { queue: each.queue } })),
      ...colleagues(desk, me, ui.people).slice(0, 40).map((each) => ({ key: each.extension, shape: "person", name: each.name ?? each.extension, line: whyOf(each), to: { agent: each.extension } })),
    ];
  }

  closing(now) {
    const { page, filing } = this;
    const id = now.conversation_id;
    const chosen = page.desk.dispositions.find((each) => each.id === filing.disposition);
    return h(
      "form",
      { key: `close-${id}`, class: "panel closing", onsubmit: (event) => (event.preventDefault(), this.close(id)), onkeydown: (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && this.close(id) },
      h("fieldset", null, h("legend", { class: "lab" }, t("How is it filed?")), h("div", { class: "choices" }, this.offered(now).map((each, index) => h("label", { key: each.id, class: "choice" }, h("input", { type: "radio", name: "chat-disposition", id: index ? null : "chat-filed", value: each.id, checked: filing.disposition === each.id, onchange: () => this.file({ disposition: each.id }) }), icon("check"), h("span", { class: "cut" }, ofBoth(each.label)), each.key && h("kbd", null, String(each.key)))))),
      h("div", { class: "field" }, h("label", { for: "chat-note" }, chosen?.note_required ? t("Note, needed for this") : t("Note")), h("textarea", { class: "in", id: "chat-note", rows: "2", value: filing.note, oninput: (event) => this.file({ note: event.target.value }) })),
      h("div", { class: "row" }, h("button", { class: "btn btn-p", id: "end", "aria-busy": page.actions.isBusy(id, "close") ? "true" : null }, icon("check"), t("End and save"), h("kbd", null, "Ctrl ↵"))),
    );
  }

  offered(now) {
    return this.page.desk.dispositions.filter((each) => !each.queues.length || each.queues.includes(now.queue));
  }

  file(change) {
    Object.assign(this.filing, change);
    this.page.changed();
  }

  /** The column beside it. */
  who() {
    const now = this.current;
    const { visitor } = now;
    const { customer = null, matches = 0, evidence = null } = this.people.get(now.conversation_id) ?? {};
    const card = customer ? [[t("Company"), customer.company], [t("Speaks"), customer.language && languageName(customer.language)]] : [];
    const list = (rows) => h("dl", { class: "custdl" }, rows.filter(([, value]) => value).map(([what, value]) => [h("dt", { key: `dt${what}` }, what), h("dd", { key: `dd${what}`, dir: "auto" }, value)]));
    const lines = [[t("Channel"), channelName(now)], [t("Queue"), now.queue], [t("Speaks"), visitor.language && languageName(visitor.language)], [t("Began"), whenExactly(now.started_at)], [t("Wrote from"), visitor.page], [t("For"), now.agent && colleagueName(this.page.desk, now.agent)]];
    return h(
      "aside",
      { key: "who", class: "who", "aria-label": t("Customer") },
      h(
        "div",
        { key: now.conversation_id, class: "scroll", tabindex: "0", role: "group", "aria-label": t("Customer") },
        h("div", { key: "head", class: "cust" }, h("span", { class: "avatar avatar-l", "aria-hidden": "true" }, initials(nameOf(now))), h("div", { class: "cut" }, words("h2", nameOf(now)), words("p", channelName(now), "mut cut"))),
        h("section", { key: "card", class: "sec" }, h("header", null, h("span", { class: "cap" }, t("Visitor"))), list(lines)),
        customer && h("section", { key: "customer", class: "sec" }, h("header", null, h("span", { class: "cap" }, t("Customer")), evidence && h("span", { class: "dim end" }, t(EVIDENCE[evidence] ?? "caller id"))), words("b", customer.name ?? "", "cut"), [customer.vip && "VIP", ...customer.tags].filter(Boolean).map((tag) => h("span", { key: tag, class: tag === "VIP" ? "tag s-acw" : "tag", dir: "auto" }, tag)), list(card)),
        !customer && matches > 1 && h("section", { key: "many", class: "sec" }, h("p", { class: "dim" }, t("{n} customers may be this visitor", { n: matches }))),
      ),
    );
  }

  // By the keyboard

  keys = () => [[t("Next conversation"), "Alt M"], [t("Pass on, end a conversation"), "Alt T, Alt X"]];

  /** Whether a key with Alt means something here. */
  withAlt(code) {
    if (code === "KeyM") return this.openNext(), true;
    if (this.page.ui.view !== "chat" || !this.current) return false;
    if (code === "KeyT") return this.toggle("pass"), true;
    if (code === "KeyX") return this.toggle("close"), true;
    return false;
  }

  plain(event) {
    const now = this.current;
    if (this.page.ui.view !== "chat" || !now || !/^[1-8]$/.test(event.key) || !(this.page.ui.panel === "close" || now.state === "closed")) return false;
    const chosen = this.offered(now).find((each) => each.key === Number(event.key));
    if (chosen) this.file({ disposition: chosen.id });
    return true;
  }

  /** After each drawing: the end of what was said stays in sight, and the keyboard goes where the agent is led. */
  drawn() {
    const said = document.getElementById("said");
    if (said) {
      if (this.isAtEnd || this.shown !== this.page.ui.chat) said.scrollTop = said.scrollHeight;
      this.shown = this.page.ui.chat;
      said.onscroll ??= () => (this.isAtEnd = said.scrollHeight - said.scrollTop - said.clientHeight < NEAR_PX);
    } else {
      this.shown = null;
    }
    const wanted = this.focus && document.getElementById(this.focus);
    if (wanted) {
      wanted.focus();
      this.focus = null;
    }
  }

  isAtEnd = true;
}

const link = (to) => to && /^https?:/.test(to.url) && h("a", { key: "link", href: to.url, target: "_blank", rel: "noopener noreferrer" }, " ", to.label);

/** What the application gathered: so that the customer need not say it again. */
export function handover(told, key) {
  if (!told) return null;
  return h(
    "details",
    { key: `told-${key}`, class: "told", open: true },
    h("summary", null, words("b", told.summary, "said")),
    told.path.length > 0 && h("p", { key: "path", class: "path" }, told.path.map((step, index) => [index > 0 && icon("right"), h("span", { key: step.node + index, dir: "auto" }, step.label)])),
    told.facts.length > 0 && h("dl", { key: "facts", class: "told-facts" }, told.facts.map((fact) => h("div", { key: fact.name }, h("dt", { dir: "auto" }, fact.label), h("dd", { dir: "auto" }, fact.value)))),
  );
}
