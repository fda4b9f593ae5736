// What the widget itself says, in the visitor's language.

const WORDS = {
  en: {
    title: "Chat with us", open: "Open the chat", close: "Close the chat", other: "中文", unread: "{n} new",
    log: "Conversation", write: "Write a message", send: "Send", end: "End the chat", again: "Start a new chat", sure: "End this chat?", stay: "No, go on",
    bot: "Digital assistant", waiting: "A colleague will be with you shortly", human: "{name} is with you", closed: "This chat has ended",
    connecting: "Connecting …", cut: "Connection lost. What you write is kept and sent as soon as it is back.",
    busy: "Very many are here just now. We try again by ourselves.", sending: "Sending …", failed: "Not sent",
    you: "You said:", application: "The assistant said:", agent: "{name} said:", typing: "The assistant is writing",
    colleague: "A colleague", choices: "Suggested answers", link: "opens a new tab",
  },
  zh: {
    title: "在线客服", open: "打开聊天", close: "关闭聊天", other: "English", unread: "{n} 条新消息",
    log: "对话", write: "请输入消息", send: "发送", end: "结束对话", again: "开始新的对话", sure: "确定结束对话吗？", stay: "继续对话",
    bot: "智能助手", waiting: "正在为您转接人工客服，请稍候", human: "{name} 正在为您服务", closed: "对话已结束",
    connecting: "正在连接…", cut: "连接已断开。您输入的内容会保留，恢复后自动发送。",
    busy: "当前访客较多，稍后自动重试。", sending: "发送中…", failed: "未发送",
    you: "您说：", application: "智能助手说：", agent: "{name} 说：", typing: "智能助手正在输入",
    colleague: "客服", choices: "可选回复", link: "在新标签页中打开",
  },
};

/** The language of these two that fits what a browser or a page says. */
export const nearest = (said) => (String(said ?? "").toLowerCase().startsWith("zh") ? "zh" : "en");

/** What is said by this name, with {name} filled in by the values. */
export const say = (language, name, values = {}) => WORDS[language][name].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
