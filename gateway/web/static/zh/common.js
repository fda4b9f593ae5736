// Chinese for what all pages say. Terms are those of Chinese call centres: 就绪, 示忙, 话后处理, 保持, 咨询, 转接, 监听, 耳语, 强插.
export const zh = {
  "Sections": "栏目", "Sign out": "退出登录", "Account of {name}": "{name} 的账户", "Light or dark": "浅色或深色",
  "No connection to Tieline since {time}": "自 {time} 起与 Tieline 断开", "Again in {n} s": "{n} 秒后重试", "Trying": "正在重试", "Try now": "立即重试",
  "Number withheld": "号码未显示",
  "Connecting": "接续中", "In menu": "语音导航中", "Waiting": "排队中", "Dialling": "拨号中", "Ringing": "振铃", "Talking": "通话中", "On hold": "保持中", "Parked": "已驻留", "Served": "服务中",
  "Ready": "就绪", "Not ready": "示忙", "Reserved": "已预占", "After-call work": "话后处理", "Busy": "占线", "Logged out": "已签出", "Telephone unreachable": "话机离线",
  "Answered": "已接听", "Gave up": "放弃", "No answer": "无人接听", "Rejected": "被拒", "Unreachable": "无法接通", "Failed": "失败", "Voicemail": "语音信箱", "Done in the menu": "自助完成", "Unknown": "未知",
  "before anything rang": "振铃前", "in the menu": "语音导航中", "in the queue": "排队中", "while it rang": "振铃中", "at the agent's telephone": "坐席话机处", "{outcome} {where}": "{where}{outcome}",
  "Connected": "已连接", "Cut off": "已断开", "Refuses us": "拒绝连接", "Stopped": "已停止",
  "Inbound": "呼入", "Outbound": "呼出", "Internal": "内部",
  "Break": "小休", "Lunch": "午餐", "Training": "培训", "Back office": "后台工作", "wrap-up": "话后处理",
  "Agent": "坐席", "Supervisor": "班长", "Administrator": "管理员", "Partner": "合作伙伴", "Extension {extension}": "分机 {extension}",
  "Change password": "修改密码", "Present password": "当前密码", "New password": "新密码", "Once more": "再输一次", "The two are not the same.": "两次输入不一致。", "Ten characters or more; three words make a good one.": "至少十个字符，用三个词组成最好。", "Changed. Elsewhere you are signed out.": "已修改。其他设备上已退出登录。",
  "As it happens": "实时事件", "Loading": "正在加载", "Close": "关闭", "Cancel": "取消", "Save": "保存",
  "The gateway does not answer.": "网关没有应答。",
};
