// Chinese for the sign-in.
export const zh = {
  "Sign in": "登录", "Name": "用户名", "Password": "密码", "or": "或", "With {name}": "使用 {name} 登录", "Demo": "演示", "Demo: go in as": "演示：直接进入",
  "Agent": "坐席", "Supervisor": "班长", "Administrator": "管理员", "Partner": "合作伙伴",
  "Name and password do not go together.": "用户名与密码不匹配。", "Too many tries. Try again in {n} s.": "尝试过多，请 {n} 秒后再试。",
  "There is no user yet": "还没有用户", "Who runs the gateway makes the first one: ": "由网关管理员创建第一个用户：",
  "Every call and every message, with what you already know about the person.": "每个来电、每条消息，连同你已了解的这个人。", "Joined to your telephone system, not in place of it.": "与现有电话系统相连，而不是取代它。",
  "Gateway reachable": "网关可用",
  "There is no user here for this account. An administrator can make one.": "此账号在这里没有对应的用户，可由管理员创建。",
  "This account has no role here. Who keeps your company's accounts can give it one.": "此账号在这里没有角色，可由公司账号管理员分配。",
  "This sign-in took too long, or was over already. Try again.": "登录超时或已结束，请重试。",
  "Your company's sign-in does not answer.": "公司登录服务没有响应。", "Your company's sign-in did not work. The gateway's log says why.": "公司登录未成功，原因见网关日志。",
  "The two are not the same.": "两次输入不一致。", "This password is not taken: take ten characters or more, not a common word, not your name.": "此密码不可用：至少十个字符，不要用常见词或自己的名字。",
  "Choose a password": "设置新密码", "Yours was chosen by somebody else. Ten characters or more; three words make a good one.": "当前密码由他人设定。至少十个字符，三个词就很好。",
  "Present password": "当前密码", "New password": "新密码", "Once more": "再输一次", "Go on": "继续",
};
