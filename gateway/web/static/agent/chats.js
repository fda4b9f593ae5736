// Conversations of text that wait for this agent or are his: read once, then changed by events; and what he does with them.
import { command, get, path, post } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { attract } from "./pop.js";

const DRAFT = (id) => `reply ${id}`;
const SHORT = 80; // characters of a message in a notification

export class Chats {
  constructor(page) {
    this.page = page;
    this.known = new Map(); // by id, as the gateway last told them
    this.said = new Map(); // of those that were opened, what was said
    this.seen = new Map(); // of each the last message that this agent has seen
    this.people = new Map(); // of each which customer the visitor may be, as the gateway has it
    this.last = new Map(); // of each the last message that was told
    this.filing = { disposition: null, note: "" }; // of the one that is shown
    this.unsent = new Map(); // of each what was sent in vain and its key, so that it is said once however often it is sent
    this.reads = new Map(); // of each the read that is under way
    this.focus = null; // what gets the focus when it is drawn
  }

  // What there is

  /** His own first, then those that wait, the longest first. */
  get all() {
    const of = (mine) => [...this.known.values()].filter((each) => this.isMine(each) === mine).sort((a, b) => this.since(a).localeCompare(this.since(b)));
    return [...of(true), ...of(false)];
  }

  get current() {
    return this.known.get(this.page.ui.chat) ?? null;
  }

  get count() {
    return this.all.filter((each) => !this.isMine(each) || this.unread(each)).length;
  }

  isMine(conversation) {
    return conversation.owner?.id === `user:${this.page.me.user_id}`;
  }

  since(conversation) {
    return (this.isMine(conversation) ? conversation.owner.at : conversation.handed_at) ?? conversation.started_at;
  }

  unread(conversation) {
    const id = conversation.conversation_id;
    return this.isMine(conversation) ? Math.max(0, conversation.messages - (this.seen.get(id) ?? conversation.messages)) : 0;
  }

  messages(id) {
    return this.said.get(id) ?? [];
  }

  isHis(conversation) {
    const { me } = this.page;
    // What the visitor has left is still to be filed.
    const { closed_by, disposition, note } = conversation;
    if (this.isMine(conversation)) return conversation.state !== "closed" || (closed_by !== "agent" && !disposition && !note);
    if (conversation.state !== "waiting") return false;
    return !conversation.agent || [me.extension, me.login].includes(conversation.agent);
  }

  // What is told

  /** Take the list as it was read: what is not in it any more is gone. */
  putAll(conversations) {
    const ids = new Set(conversations.map((each) => each.conversation_id));
    for (const id of this.known.keys()) if (!ids.has(id)) this.drop(id);
    for (const each of conversations) this.put(each);
    for (const id of this.said.keys()) this.read(id);
    const [first] = this.all;
    if (first) this.showItself(first.conversation_id);
  }

  put(conversation) {
    const id = conversation.conversation_id;
    const before = this.known.get(id);
    if (before && before.version > conversation.version) return;
    if (!this.isHis(conversation)) {
      this.drop(id);
      return;
    }
    this.known.set(id, conversation);
    if (!this.seen.has(id)) this.seen.set(id, conversation.messages);
    this.page.changed();
  }

  drop(id) {
    if (!this.known.delete(id)) return;
    for (const each of [this.said, this.seen, this.last, this.people]) each.delete(id);
    if (this.page.ui.chat === id) this.page.set({ chat: null, ...(this.page.ui.view === "chat" ? { view: "calls", panel: null } : {}) });
    this.page.changed();
  }

  /** An event about a conversation. */
  take(event) {
    const { type, data } = event;
    const id = data.conversation_id;
    const was = this.known.get(id);
    if (type === "conversation.message_added") this.added(id, data);
    else this.put(data.conversation);
    const is = this.known.get(id);
    if (is && this.page.ui.chat === id) this.readWho(id); // with what he writes it may become known who he is
    if (is?.state === "waiting" && was?.state !== "waiting") this.arrived(is, event);
  }

  added(id, data) {
    const { conversation, message } = data;
    this.put(conversation);
    const now = this.known.get(id);
    if (!now) return;
    this.last.set(id, message);
    this.hear(id, message);
    if (message.author === "visitor" && this.isMine(now) && !this.isSeen(id)) this.attract(`${id} ${message.seq}`, now, message.text);
  }

  hear(id, message) {
    const said = this.said.get(id);
    if (!said) return;
    if (message.seq === said.length + 1) said.push(message);
    else if (message.seq > said.length) this.read(id);
    this.look();
    this.page.changed();
  }

  /** Read what was said since. */
  async read(id) {
    if (this.reads.has(id)) return;
    this.reads.set(id, true);
    this.said.set(id, this.messages(id));
    try {
      for (let more = true; more && this.said.has(id); ) {
        const said = this.said.get(id);
        const answer = await get(`${path`/api/v1/conversations/${id}/messages`}?after=${said.length}`);
        for (const each of answer.messages) if (each.seq === said.length + 1) said.push(each);
        more = answer.more;
      }
    } catch (problem) {
      if (problem.status === 404) this.drop(id); // else it is read again with the connection
    }
    this.reads.delete(id);
    this.look();
    this.page.changed();
  }

  /** Read which customer it may be. What cannot be read is left as it was. */
  async readWho(id) {
    const one = await get(path`/api/v1/conversations/${id}`).catch(() => null);
    if (!one || !this.known.has(id)) return;
    this.people.set(id, one.customer ?? null);
    this.page.changed();
  }

  // Attention

  isSeen(id) {
    return this.page.ui.view === "chat" && this.page.ui.chat === id && document.visibilityState === "visible";
  }

  /** What is shown has been seen. */
  look() {
    const { chat } = this.page.ui;
    if (chat && this.isSeen(chat)) this.seen.set(chat, Math.max(this.seen.get(chat) ?? 0, this.messages(chat).length));
  }

  arrived(conversation, event) {
    const id = conversation.conversation_id;
    this.page.say(`${t("A visitor waits for you")}: ${nameOf(conversation)}`);
    this.attract(`${id} waits ${event.position}`, conversation, conversation.handover?.summary ?? "");
    this.showItself(id);
  }

  /** Show it to who has nothing else to do, and wishes so. */
  showItself(id) {
    const { page } = this;
    if (page.ui.view === "calls" && !page.current && !page.ui.panel && page.me.settings.pop !== "never") this.open(id, false);
  }

  attract(key, conversation, text) {
    attract(key, `${nameOf(conversation)} · ${channelName(conversation)}`, text.slice(0, SHORT), this.page.me.settings, 1);
  }

  // What he does

  /** Show one; `asked` is by the agent himself: then the keyboard goes there too. */
  open(id, asked = true) {
    if (asked) this.focus = this.isMine(this.known.get(id)) ? "reply" : "take";
    if (this.page.ui.chat !== id) this.filing = { disposition: null, note: "" };
    this.page.set({ view: "chat", chat: id, panel: null, tab: "call", list: false });
    if (!this.said.has(id)) this.read(id);
    this.readWho(id);
    this.look();
    if (asked) this.page.draw(); // the next key is for what it leads to
  }

  openNext() {
    const ids = this.all.map((each) => each.conversation_id);
    const at = this.page.ui.view === "chat" ? ids.indexOf(this.page.ui.chat) : -1;
    if (ids.length) this.open(ids[(at + 1) % ids.length]);
  }

  async do(id, what, body) {
    const told = await this.page.actions.ask(id, what, () => post(path`/api/v1/conversations/${id}/` + what, body), null);
    if (told?.conversation_id) this.put(told);
    return told;
  }

  async takeOn(id) {
    if (!(await this.do(id, "take"))) return;
    this.focus = "reply";
    this.page.changed();
  }

  draft(id) {
    return sessionStorage.getItem(DRAFT(id)) ?? "";
  }

  type(id, text) {
    sessionStorage.setItem(DRAFT(id), text);
    this.page.changed();
  }

  /** Say what was typed. It leaves the field when the gateway has it. */
  async send(id) {
    const text = this.draft(id).trim();
    if (!text) return;
    const before = this.unsent.get(id);
    const key = before?.text === text ? before.key : `${Date.now()} ${Math.random()}`;
    this.unsent.set(id, { text, key });
    const message = await this.page.actions.ask(id, "say", () => command(path`/api/v1/conversations/${id}/say`, { text }, key), null);
    if (!message?.seq) return;
    this.unsent.delete(id);
    if (this.draft(id).trim() === text) {
      sessionStorage.removeItem(DRAFT(id));
      // By hand: what was typed may be so new that it was never drawn, and then nothing differs.
      if (this.page.ui.chat === id) for (const field of document.querySelectorAll("#reply")) field.value = "";
    }
    this.hear(id, message);
  }

  async pass(id, destination) {
    if (await this.do(id, "pass", destination)) this.page.set({ panel: null, people: "" });
  }

  async close(id) {
    const { disposition, note } = this.filing;
    const told = await this.do(id, "close", { disposition, note: note.trim() || null });
    if (!told) return;
    sessionStorage.removeItem(DRAFT(id));
    this.drop(id);
  }
}

export const nameOf = (conversation) => conversation.visitor.name ?? t("Visitor {id}", { id: conversation.visitor.id.slice(-4) });

const CHANNELS = { webchat: "Web chat", wechat: "WeChat" };

export const channelName = (conversation) => (CHANNELS[conversation.channel] ? t(CHANNELS[conversation.channel]) : conversation.channel);
