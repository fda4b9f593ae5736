// Chinese for the sign-in.
export const zh = {
  "Sign in": "登录", "Name": "用户名", "Password": "密码", "or": "或", "With {name}": "使用 {name} 登录", "Demo": "演示", "Demo: go in as": "演示：直接进入",
  "Agent": "坐席", "Supervisor": "班长", "Administrator": "管理员", "Partner": "合作伙伴",
  "Name and password do not go together.": "用户名与密码不匹配。", "Too many tries. Try again in {n} s.": "尝试过多，请 {n} 秒后再试。",
  "There is no user yet": "还没有用户", "Who runs the gateway makes the first one: ": "由网关管理员创建第一个用户：",
  "Every call and every message, with what you already know about the person.": "每个来电、每条消息，连同你已了解的这个人。", "Joined to your telephone system, not in place of it.": "与现有电话系统相连，而不是取代它。",
  "Gateway reachable": "网关可用",
};
