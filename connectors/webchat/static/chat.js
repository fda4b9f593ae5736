// The example page in the language of the visitor's browser.

if (navigator.language.toLowerCase().startsWith("zh")) {
  const chinese = {
    "#nav [href='#track']": "查件", "#nav [href='#bill']": "账单", "#nav [href='#plan']": "套餐", "#nav [href='#driver']": "骑手",
    "#claim": "今天寄出，明天送达。",
    "#lead": "这是一家公司的示例网页，右侧的聊天窗口可以放到任何网站。您可以查快递、问账单，也可以找人工客服。",
    "#track h2": "我的快递到哪了？", "#track p": "请告诉我们订单号，或下单时的手机号。",
    "#bill h2": "我要付多少钱？", "#bill p": "账单、套餐以及如何更改。",
    "#plan h2": "无法登录", "#plan p": "两分钟重置密码。",
    "#driver h2": "我是配送员", "#driver p": "收入、班次与配送员应用。",
  };
  document.documentElement.lang = "zh-CN";
  for (const [where, text] of Object.entries(chinese)) document.querySelector(where).textContent = text;
}
