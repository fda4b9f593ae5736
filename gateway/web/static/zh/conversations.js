// Chinese for what visitors write.
export const zh = {
  "Conversations": "在线会话", "A visitor waits for you": "有访客在等待", "Visitor {id}": "访客 {id}", "Web chat": "网页会话", "WeChat": "微信", "New messages": "新消息",
  "Pass on": "转交", "End": "结束", "The call goes on": "通话仍在继续", "Back to the call": "回到通话", "What was said": "会话内容", "The conversation is over": "会话已结束", "Assistant": "智能助手", "Quick replies": "快捷回复",
  "The visitor is told who you are.": "访客会看到你的姓名。", "Answer {name}": "回复 {name}", "Message": "消息", "Send it": "发送", "Colleague or queue": "同事或队列", "End and save": "结束并保存",
  "How is it filed?": "处理结果", "Channel": "渠道", "Began": "开始时间", "Wrote from": "来源页面", "For": "指定", "Visitor": "访客", "{n} customers may be this visitor": "可能是 {n} 位客户之一", "Next conversation": "下一个会话", "Pass on, end a conversation": "转交、结束会话",
};
