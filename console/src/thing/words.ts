/** What a thing's page and history say, in each language. */
import { wordsOf } from "../words";

export const tell = wordsOf(
  {
    series: "Series", addSeries: "Add a series", remove: "Take out", png: "Picture (PNG)", csv: "CSV", zoomIn: "Closer", zoomOut: "Wider", earlier: "Earlier", later: "Later", whole: "Whole", events: "Events", commands: "Commands", chart: "Chart",
    from: "from", to: "to", raw: "raw values", buckets: "mean of each {}, with lowest and highest", nothing: "No history in this time.", summary: "{}: ", lowest: "lowest", highest: "highest", last: "last", live: "Up to now", of: "of {}",
    messages: "Messages", pause: "Pause", goOn: "Go on", filter: "Filter", way: "Direction", both: "Both ways", in: "In", out: "Out", noMessages: "Nothing came or went of late.", skipped: "{} pieces of the log were left out: there was too much", refused: "refused", waiting: "{} wait", notAllowed: "For whoever may configure this thing.",
    access: "Identity and access", client: "Connected", address: "Address", protocol: "Protocol", since: "Since", certificates: "Certificates", noCertificates: "None: it signs in with its secret.", topics: "Topics it may use", attempts: "Was not let in", secret: "New secret", secretOnce: "The new secret, shown once:", secretSure: "The old secret is worth nothing then. Go on?",
    modelTitle: "Model", property: "Property", trait: "Trait", unit: "Unit", range: "Range", may: "Can be", mayWrite: "set", mayRead: "read", actions: "Actions", document: "Document (JSON)", kind: "Kind", notConnected: "It is not connected.",
    life: "Life", parent: "Part of", asked: "asked", ended: "ended", took: "{} s", cancel: "Cancel", open: "Open ones", all: "All", input: "with", repeat: "again", cut: "The file holds the first {} values of a series; a narrower span has all of them.", waits: "It is waited for until {}.",
  },
  {
    series: "曲线", addSeries: "添加曲线", remove: "移除", png: "图片（PNG）", csv: "CSV", zoomIn: "放大", zoomOut: "缩小", earlier: "更早", later: "更晚", whole: "全部", events: "事件", commands: "命令", chart: "图表",
    from: "从", to: "到", raw: "原始数值", buckets: "每 {} 的平均值，含最低与最高", nothing: "这段时间没有历史。", summary: "{}：", lowest: "最低", highest: "最高", last: "最后", live: "截至现在", of: "共 {}",
    messages: "消息", pause: "暂停", goOn: "继续", filter: "过滤", way: "方向", both: "双向", in: "收到", out: "发出", noMessages: "最近没有收发消息。", skipped: "消息过多：跳过了日志的 {} 段", refused: "被拒绝", waiting: "{} 条等待", notAllowed: "仅供可配置此设备的人查看。",
    access: "身份与访问", client: "已连接", address: "地址", protocol: "协议", since: "自", certificates: "证书", noCertificates: "没有：用密钥登录。", topics: "可用主题", attempts: "被拒之门外", secret: "新密钥", secretOnce: "新密钥，只显示一次：", secretSure: "旧密钥将立即失效。继续？",
    modelTitle: "型号", property: "属性", trait: "特征", unit: "单位", range: "范围", may: "权限", mayWrite: "可设", mayRead: "可读", actions: "动作", document: "文档（JSON）", kind: "种类", notConnected: "没有连接。",
    life: "经过", parent: "从属于", asked: "请求", ended: "结束", took: "{} 秒", cancel: "取消", open: "进行中", all: "全部", input: "参数", repeat: "再次", cut: "文件只含每条曲线的前 {} 个数值；缩小时间范围可得全部。", waits: "最晚等到 {}。",
  },
);
