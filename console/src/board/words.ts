/** What history, energy and dashboards say, in each language. */
import { wordsOf } from "../words";

export const tell = wordsOf(
  {
    history: "History and energy", compare: "Compare", energy: "Energy", line: "Production", dashboards: "Dashboards", newBoard: "New dashboard", none: "No dashboards yet: make one, and put on it what matters to you.", shared: "shared at {}", own: "only yours", edit: "Compose", done: "Done", save: "Save", wall: "Full screen",
    remove: "Remove", removeSure: "Remove this dashboard?", name: "Name", share: "Shared at", nobody: "nobody else", add: "Put something on it", move: "Move: {}", resize: "Size: {}", takeOff: "Take off: {}", settings: "What it shows: {}", keys: "Drag a card by ✥, size it by ◢; or with the keys: arrows move it, with Shift they size it, Delete takes it off.", at: "column {}", moved: "Column {}",
    things: "Things", chart: "Chart", value: "One value", scenes: "Scenes", place: "A place", alarms: "Alarms", text: "Text", clock: "Clock", title: "Title", series: "Values", span: "Time", bucket: "Each", hour: "hour", day: "day", week: "week", month: "month", year: "year", lines: "Lines", bars: "Bars", over: "Days over each other",
    trait: "Everything with", total: "Total", tariff: "Tariff", thing: "Thing", used: "used", noEnergy: "Nothing here counts energy.", noLine: "No machine here says whether it runs.", good: "good", scrap: "scrap", running: "running", down: "down", availability: "Availability", performance: "Performance", quality: "Quality", oee: "OEE", machine: "Machine",
    ideal: "Performance is against the best cycle time of the span.", downtimes: "Downtime", lasted: "{} long", open: "still", nothing: "Nothing was measured in this time.", lowest: "lowest", highest: "highest", mean: "mean", saved: "Saved", run: "Run", noAlarms: "No alarms", card: "{} at column {}, row {}, {} wide", csv: "CSV", pick: "Pick values to compare: rooms, days, machines.", unwall: "Leave the full screen", empty: "Nothing on it yet: ⚙ says what it shows.", stops: "Downtimes (CSV)", from: "from", to: "to",
  },
  {
    history: "历史与能耗", compare: "比较", energy: "能耗", line: "生产", dashboards: "看板", newBoard: "新看板", none: "还没有看板：新建一个，放上你关心的内容。", shared: "共享于 {}", own: "仅自己可见", edit: "编排", done: "完成", save: "保存", wall: "全屏",
    remove: "删除", removeSure: "删除此看板？", name: "名称", share: "共享于", nobody: "不共享", add: "添加内容", move: "移动：{}", resize: "大小：{}", takeOff: "移除：{}", settings: "显示内容：{}", keys: "拖动 ✥ 移动卡片，拖动 ◢ 改变大小；或用键盘：方向键移动，按住 Shift 改变大小，Delete 移除。", at: "第 {} 列", moved: "第 {} 列",
    things: "设备", chart: "图表", value: "单个数值", scenes: "场景", place: "一个位置", alarms: "报警", text: "文字", clock: "时钟", title: "标题", series: "数值", span: "时间范围", bucket: "每", hour: "小时", day: "天", week: "周", month: "月", year: "年", lines: "曲线", bars: "柱形", over: "逐日叠加",
    trait: "所有具有", total: "合计", tariff: "电价时段", thing: "设备", used: "用量", noEnergy: "这里没有计量能耗的设备。", noLine: "这里没有上报运行状态的机器。", good: "良品", scrap: "废品", running: "运行", down: "停机", availability: "时间开动率", performance: "性能开动率", quality: "合格率", oee: "OEE", machine: "机器",
    ideal: "性能开动率以该时段最佳节拍为准。", downtimes: "停机", lasted: "持续 {}", open: "仍在持续", nothing: "这段时间没有测量值。", lowest: "最低", highest: "最高", mean: "平均", saved: "已保存", run: "运行", noAlarms: "没有报警", card: "{}", csv: "CSV", pick: "选择要比较的数值：房间、日期、机器。", unwall: "退出全屏", empty: "还没有内容：用 ⚙ 选择显示什么。", stops: "停机记录（CSV）", from: "从", to: "到",
  },
);
