// The chat on a company's page: <script type="module" src="…/webchat/widget.js"></script>, and nothing else.
// A page may place <tieline-chat open lang="zh" theme="light"> itself; what is not said is as the visitor's browser says.

import { tab, visitor } from "./kept.js";
import { Link } from "./link.js";
import look from "./look.js";
import { nearest, say } from "./words.js";

const BASE = new URL("./", import.meta.url);
const DOTS_MS = 30_000; // after which nobody seems to be writing any more
const MAX_TEXT = 4000;
const SVG = "http://www.w3.org/2000/svg";
const SHAPES = {
  chat: "M4 5h16v11H9l-5 4z",
  close: "M6 6l12 12M18 6L6 18",
  end: "M15 4h4v16h-4M10 8l-4 4 4 4M6 12h9",
  send: "M4 12l16-8-5 16-3-7z",
};

/** Make an element; what strangers wrote is only ever its text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element[name] = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** A link to another page, where it is one. */
function anchor(url, label, hint) {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== "https:" && parsed?.protocol !== "http:") return document.createTextNode(label);
  return make("a", { href: parsed.href, target: "_blank", rel: "noopener noreferrer", title: hint }, label);
}

/** Text in which addresses are links. */
const withLinks = (text, hint) =>
  text.split(/(https?:\/\/[^\s<>"'，。；！？、（）]+[^\s<>"'，。；！？、（）.,;:!?)])/).map((part, index) => (index % 2 ? anchor(part, part, hint) : part));

class Chat extends HTMLElement {
  static observedAttributes = ["open", "lang"];
  #language = nearest(visitor.all().language ?? navigator.language);
  #link = null;
  #parts = {};
  #made = new Map(); // the element of each message that is shown
  #drawn = false;
  #offered = ""; // the quick replies that are shown
  #count = -1;
  #heardAt = 0; // when the count was another
  #timer = 0;
  #isAsked = false; // whether he is asked if he wants to end

  connectedCallback() {
    if (this.#link) return;
    if (this.lang && !visitor.all().language) this.#language = nearest(this.lang);
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [look];
    const url = new URL("ws", BASE);
    url.protocol = url.protocol.replace("http", "ws");
    this.#link = new Link(url.href, () => this.#changed(), () => this.#language);
    this.#build();
    if (this.#isOpen || (visitor.all().conversation && !visitor.all().isOver)) this.#link.open();
    this.#changed();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.#link || before === now) return;
    if (name === "lang") this.#speak(nearest(now));
    else this.#turn();
  }

  get #isOpen() {
    return this.hasAttribute("open");
  }

  #say(name, values) {
    return say(this.#language, name, values);
  }

  #speak(language) {
    this.#language = language;
    visitor.set({ language });
    this.#build();
    this.#changed();
  }

  #turn() {
    if (this.#isOpen) this.#link.open();
    this.#changed();
    (this.#isOpen ? (this.#link.isOver ? this.#parts.again : this.#parts.text) : this.#parts.launch).focus();
    if (this.#isOpen) this.#parts.log.scrollTop = this.#parts.log.scrollHeight;
  }

  #build() {
    const say = (name) => this.#say(name);
    const tool = (name, label, act, shape) =>
      (this.#parts[name] = make("button", { type: "button", class: "tool", "aria-label": shape ? label : null, title: shape ? label : null, onclick: act }, shape ? icon(shape) : label));
    const part = (name, tag, properties, ...children) => (this.#parts[name] = make(tag, properties, ...children));
    const other = this.#language === "zh" ? "en" : "zh";
    this.#made.clear();
    this.#drawn = false;
    this.#offered = "";
    const panel = part(
      "panel",
      "section",
      { class: "panel", id: "panel", "aria-labelledby": "title", lang: this.#language === "zh" ? "zh-CN" : "en" },
      make(
        "header",
        {},
        make("div", {}, part("title", "h2", { id: "title" }), part("with", "p", { class: "with", role: "status" })),
        tool("other", say("other"), () => (this.#speak(other), this.#parts.other.focus())),
        tool("end", say("end"), () => this.#ask(true), "end"),
        tool("close", say("close"), () => this.removeAttribute("open"), "close"),
      ),
      part("told", "p", { class: "told", role: "alert" }),
      part("log", "div", { class: "log", role: "log", tabindex: 0, "aria-label": say("log") }),
      part(
        "form",
        "form",
        { onsubmit: (event) => (event.preventDefault(), this.#submit()) },
        part("text", "textarea", { rows: 1, maxlength: MAX_TEXT, "aria-label": say("write"), placeholder: say("write"), enterkeyhint: "send", oninput: () => this.#typed(), onkeydown: (event) => this.#pressed(event) }),
        make("button", { class: "send", "aria-label": say("send"), title: say("send") }, icon("send")),
      ),
      part(
        "sure",
        "div",
        { class: "sure", role: "group", "aria-label": say("sure") },
        make("p", {}, say("sure")),
        make("button", { type: "button", class: "tool", onclick: () => this.#ask(false) }, say("stay")),
        part("leave", "button", { type: "button", class: "go", onclick: () => (this.#ask(false), this.#link.leave()) }, say("end")),
      ),
      part("over", "div", { class: "over" }, part("again", "button", { type: "button", class: "go", onclick: () => this.#again() }, say("again"))),
    );
    panel.addEventListener("keydown", (event) => event.key === "Escape" && this.removeAttribute("open"));
    part("badge", "span", { class: "badge" });
    part("launch", "button", { type: "button", class: "launch", "aria-expanded": "false", onclick: () => this.setAttribute("open", "") }, icon("chat"), this.#parts.badge);
    this.#parts.other.lang = other === "zh" ? "zh-CN" : "en";
    this.#parts.text.value = tab.all().draft ?? "";
    this.shadowRoot.replaceChildren(panel, this.#parts.launch);
  }

  #submit() {
    const { text } = this.#parts;
    if (text.value.trim()) this.#link.write(text.value.trim());
    text.value = "";
    tab.set({ draft: "" });
    this.#parts.log.scrollTop = this.#parts.log.scrollHeight;
    text.focus();
  }

  #typed() {
    tab.set({ draft: this.#parts.text.value });
  }

  #pressed(event) {
    // Enter within an input method chooses its characters.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #again() {
    this.#link.again();
    this.#parts.text.focus();
  }

  #ask(isAsked) {
    this.#isAsked = isAsked;
    this.#changed();
    this.#parts[isAsked ? "leave" : "text"].focus();
  }

  #changed() {
    if (!this.#parts.panel) return;
    const { panel, launch, title, end, form, sure, over, told, badge } = this.#parts;
    const { status, isOver, state, messages } = this.#link;
    const wasWriting = form.contains(this.shadowRoot.activeElement);
    this.dataset.state = state?.state ?? status;
    panel.hidden = !this.#isOpen;
    launch.hidden = this.#isOpen;
    title.textContent = visitor.all().title?.[this.#language] ?? this.#say("title");
    this.#write("with", state ? this.#say(state.state, { name: state.agent ?? this.#say("colleague") }) : status === "connecting" ? this.#say("connecting") : "");
    this.#write("told", status === "cut" || status === "busy" ? this.#say(status) : "");
    told.hidden = !told.textContent;
    end.hidden = isOver || status !== "on" || this.#isAsked;
    form.hidden = isOver || this.#isAsked;
    sure.hidden = isOver || !this.#isAsked;
    over.hidden = !isOver;
    if (wasWriting && isOver) this.#parts.again.focus();
    const seen = visitor.all().seen ?? 0;
    const unread = messages.filter(({ seq, author }) => seq > seen && author !== "visitor").length;
    if (this.#isOpen && messages.length) visitor.set({ seen: messages.at(-1).seq });
    badge.textContent = unread;
    badge.hidden = !unread;
    launch.setAttribute("aria-label", this.#say("open") + (unread ? ` (${this.#say("unread", { n: unread })})` : ""));
    this.#draw();
  }

  /** Write where a screen reader listens, only what is new. */
  #write(name, text) {
    if (this.#parts[name].textContent !== text) this.#parts[name].textContent = text;
  }

  #draw() {
    const { log } = this.#parts;
    const { messages, pending, conversation } = this.#link;
    const wasAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40 || !this.#drawn;
    const wanted = new Map();
    for (const each of messages) wanted.set(each.key ?? `${conversation} ${each.seq}`, each);
    for (const each of pending) wanted.set(each.key, { ...each, author: "visitor", isPending: true });
    for (const [key, element] of this.#made) {
      if (wanted.has(key)) continue;
      element.remove();
      this.#made.delete(key);
    }
    let place = 0;
    for (const [key, each] of wanted) {
      if (!this.#made.has(key)) this.#made.set(key, this.#message(each));
      const element = this.#made.get(key);
      this.#settle(element, each);
      // What another tab wrote may come before what waits here.
      if (log.children[place] !== element) log.insertBefore(element, log.children[place] ?? null);
      place += 1;
    }
    this.#suggest(messages, pending);
    if (wasAtEnd) log.scrollTop = log.scrollHeight;
    this.#drawn ||= messages.length > 0;
  }

  #message(each) {
    const hint = this.#say("link");
    const isOwn = each.author === "visitor";
    const name = each.name ?? this.#say("colleague");
    const element = make(
      "div",
      { class: isOwn ? "m you" : "m" },
      each.author === "agent" ? make("p", { class: "who", "aria-hidden": "true" }, name) : null,
      make("p", { class: "sr" }, this.#say(isOwn ? "you" : each.author, { name })),
      make("div", { dir: "auto" }, ...withLinks(each.text ?? "", hint), each.link && each.text ? "\n" : null, each.link ? anchor(each.link.url, each.link.label || each.link.url, hint) : null),
      isOwn ? make("p", { class: "meta" }) : null,
    );
    return element;
  }

  #settle(element, { author, isPending = false }) {
    if (author !== "visitor") return;
    const meta = element.querySelector(".meta");
    meta.textContent = isPending && this.#link.isOver ? this.#say("failed") : isPending ? this.#say("sending") : "";
    meta.hidden = !isPending;
  }

  /** Show the quick replies to what was said last, and whether an answer is on its way. */
  #suggest(messages, pending) {
    const { log } = this.#parts;
    const { state, status, isOver } = this.#link;
    const last = messages.findLastIndex(({ author }) => author === "visitor");
    const isAnswered = !pending.length && last < messages.length - 1;
    const offered = isAnswered && !isOver ? messages.slice(last + 1).flatMap(({ choices = [] }) => choices) : [];
    const shown = JSON.stringify(offered);
    if (shown !== this.#offered) {
      this.#offered = shown;
      this.#parts.choices?.remove();
      const buttons = offered.map(({ value, label }) => make("button", { type: "button", class: "choice", dir: "auto", onclick: () => this.#choose(value, label) }, label));
      this.#parts.choices = make("div", { class: "choices", role: "group", "aria-label": this.#say("choices") }, ...buttons);
      if (offered.length) log.append(this.#parts.choices);
    }
    const count = messages.length + pending.length;
    if (count !== this.#count) [this.#count, this.#heardAt] = [count, Date.now()];
    const left = this.#heardAt + DOTS_MS - Date.now();
    const isAwaited = status === "on" && state?.state === "bot" && !isAnswered && left > 0;
    if (!isAwaited) this.#parts.dots?.remove();
    else if (!this.#parts.dots?.isConnected) {
      this.#parts.dots = make("div", { class: "dots" }, make("span", { class: "sr" }, this.#say("typing")), make("i"), make("i"), make("i"));
      log.append(this.#parts.dots);
    }
    clearTimeout(this.#timer);
    if (isAwaited) this.#timer = setTimeout(() => this.#changed(), left);
  }

  #choose(value, label) {
    this.#link.write(label, value);
    this.#parts.text.focus();
  }
}

customElements.define("tieline-chat", Chat);
if (!document.querySelector("tieline-chat")) document.body.append(document.createElement("tieline-chat"));
