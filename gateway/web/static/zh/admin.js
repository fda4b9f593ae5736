// Chinese for the administrator's page.
export const zh = {
  "Administrator": "管理员", "Agent": "坐席", "Supervisor": "班长", "Partner": "合作伙伴", "Supervisor's page": "班长页面", "Skip to the content": "跳到内容", "What you see is as of then.": "所显示的是当时的状态。",
  "Name": "名称", "Role": "角色", "Extension": "分机", "Change": "修改", "Change {name}": "修改 {name}", "Remove": "删除", "Remove {name}?": "删除 {name}？", "Done": "完成", "Copy": "复制", "Search": "搜索", "Older": "更早", "Saved": "已保存", "Nothing found": "没有找到", "What to do": "操作", "never": "从未", "Since": "自", "Days": "天数",
  "It is shown this once. Keep it where nobody else reads it.": "只显示这一次。请保存在他人看不到的地方。",
  // telephone systems
  "Telephone system": "电话系统", "Telephone systems": "电话系统", "Speaks": "接口", "Live calls": "当前通话", "{n} times not heard lately": "最近中断 {n} 次",
  "They stand in the configuration file, under connectors. What is changed there counts after the next start of the gateway.": "它们在配置文件的 connectors 下。修改后重启网关生效。",
  "No telephone system yet": "还没有电话系统", "Add one to the configuration: `tieline pbx snippet asterisk` prints what the PBX needs.": "请在配置中添加：`tieline pbx snippet asterisk` 会打印 PBX 需要的内容。",
  // users
  "Users": "用户", "New user": "新建用户", "Signs in as": "登录名", "For colleagues.": "给同事看的名字。", "Where he sits; an agent needs one.": "座位上的分机；坐席必须有。",
  "Agents see their own calls and the queues that they serve; supervisors see all.": "坐席只看自己的通话和所服务的队列；班长看全部。",
  "New password": "新密码", "New password for {name}": "{name} 的新密码", "Give {name} a new password?": "给 {name} 设新密码？", "He is signed out everywhere and signs in with the one that you hand him.": "其所有会话将退出，并用新密码登录。",
  "The password of {name}: he changes it when he signs in": "{name} 的密码：登录后请修改", "Disable": "停用", "Disable {name}": "停用 {name}", "Disabled": "已停用", "Let in": "启用", "Let {name} in no more?": "不再允许 {name} 登录？", "What he did stays written down. He can be let in again.": "其操作记录会保留，以后可重新启用。",
  "Unlock": "解锁", "Unlock {name}": "解锁 {name}", "Let {name} in": "启用 {name}", "Locked until {time}": "锁定至 {time}", "Last sign-in": "上次登录", "Sessions": "会话", "Sessions of {name}": "{name} 的会话", "Sign out everywhere": "全部退出", "Signed in nowhere": "没有登录", "last seen {time}": "最近活动 {time}",
  // dispositions
  "Dispositions": "话后小结", "Add one": "添加", "Up": "上移", "Down": "下移", "Key 1-8": "快捷键 1-8", "Queues": "队列", "all": "全部", "Take back": "撤回", "needs a note": "必填备注", "call back": "需回拨", "retired": "停用",
  "What a call was about. A retired one is offered no more and stays where it was chosen.": "通话的内容分类。停用的不再提供，已选的保留。",
  // numbers
  "Number rules": "号码规则", "Try a number": "试一个号码", "As": "角色", "From extension": "来自分机", "May it be called?": "能否拨打？", "May be called": "可以拨打", "Refused": "拒绝", "May reach": "可拨", "But not": "除外", "Is shown as": "外显号码", "Calls a minute": "每分钟呼叫",
  "Kind: {kind}. The telephone system dials {dialled}.": "类型：{kind}。电话系统拨出 {dialled}。", "The far end sees {number}.": "对方看到 {number}。",
  "They keep a stolen password from costing a fortune. Change them in the configuration file, under dialling; they count after the next start. Emergency numbers pass before every rule.": "防止密码被盗造成巨额话费。在配置文件的 dialling 下修改，重启后生效。紧急号码优先于所有规则。",
  // tokens
  "API tokens": "API 令牌", "New token": "新建令牌", "What is it for": "用途", "By it the rules for numbers are chosen.": "决定适用的号码规则。", "Only for extension": "仅限分机", "Empty: for all.": "空：全部。", "Empty: until it is revoked.": "空：直到吊销。", "What it may do": "权限", "Make it": "创建", "May": "权限", "Last used": "上次使用", "Ends": "到期", "over since {time}": "已于 {time} 失效",
  "Revoke": "吊销", "Revoke {name}": "吊销 {name}", "Revoke {name}?": "吊销 {name}？", "What uses it gets no answer from now on.": "使用它的程序将立即失去访问。", "The token of {name}": "{name} 的令牌", "No token yet": "还没有令牌",
  "A token lets a program in: a wallboard, a CRM, a script. People sign in with their own name.": "令牌供程序使用：大屏、CRM、脚本。人员用自己的名字登录。",
  // webhooks
  "Webhooks": "Webhook", "New webhook": "新建 Webhook", "No webhook yet": "还没有 Webhook", "Address": "地址", "Addresses inside the house must stand in webhooks.allow.": "内网地址须列入 webhooks.allow。", "Events": "事件", "Types, or what they begin with: call, call.ended; * is all.": "类型或其前缀：call、call.ended；* 为全部。", "Only of these telephone systems": "仅限电话系统", "Only of these queues": "仅限队列", "Empty: of all.": "空：全部。",
  "Body": "正文", "JSON with placeholders such as {{data.caller}}; empty: the event as it is.": "带占位符的 JSON，如 {{data.caller}}；空：原样发送事件。", "Send": "发送", "Test": "测试", "New secret": "新密钥", "Deliveries": "投递", "Off": "关闭", "Well": "正常", "Last try failed": "最近一次失败", "Test {name}": "测试 {name}", "New secret for {name}": "{name} 的新密钥", "Deliveries to {name}": "{name} 的投递", "Remove {name}": "删除 {name}", "No answer since {time}": "自 {time} 起无应答", "Given up: {n}": "已放弃：{n}", "Waiting to be sent": "待发送", "Two secrets sign": "双密钥签名",
  "Arrived: {status} after {s} s": "已送达：{status}，用时 {s} 秒", "Did not arrive: {why}": "未送达：{why}", "Give {name} a new secret?": "给 {name} 换新密钥？", "For a day both the old one and the new one sign.": "一天内新旧密钥同时签名。", "The secret of {name}": "{name} 的密钥", "Nothing is sent there any more; what waits for it is dropped.": "不再向它发送；待发送的内容将丢弃。",
  "Try again": "重试", "Try all again": "全部重试", "Last tries": "最近尝试", "Nothing was sent yet": "还没有发送过",
  "Events are sent there as they happen, signed as Standard Webhooks ask for, tried again until they arrive.": "事件实时发送，按 Standard Webhooks 签名，未送达会重试。",
  // audit
  "Who did what": "操作记录", "Who": "谁", "What": "操作", "When": "时间", "What came of it": "结果", "Call": "通话", "Its id.": "通话 id。", "Done by": "操作者", "Everybody": "所有人", "About": "对象", "From": "来源", "nobody known": "未知用户", "command line": "命令行", "What is shown": "显示内容", "In calls": "通话操作", "Who came in, who may": "登录与权限",
  "Failed": "失败", "Unknown": "未知",
  "Signed in": "登录", "Sign-in refused": "登录被拒", "Locked out": "已锁定", "Signed out": "退出登录", "Changed the password": "修改了密码", "Was given a new password": "被设置新密码", "User made": "新建用户", "User changed": "修改用户", "User disabled": "停用用户", "User let in again": "重新启用用户", "User unlocked": "解锁用户", "Signed out by somebody else": "被他人退出登录", "Was given a call to return": "被分派回拨",
  "Place a call": "外呼", "Hang up": "挂断", "Hold": "保持", "Take back from hold": "取回保持", "Transfer": "转接", "Consult": "咨询", "Complete the transfer": "完成转接", "Cancel the transfer": "取消转接", "Send elsewhere": "改送他处", "Park": "驻留", "Send digits": "发送按键", "Start recording": "开始录音", "Stop recording": "停止录音", "Pause recording": "暂停录音", "Go on recording": "继续录音", "Listen in": "监听", "Log in to queues": "签入队列", "Log out of queues": "签出队列", "Change a pause": "更改示忙", "Change a rank": "更改优先级", "Do not disturb": "免打扰", "Forward calls": "呼叫转移",
};
