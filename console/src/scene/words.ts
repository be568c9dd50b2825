/** What the editor of scenes says, in each language. Sentences of its parts are in kinds.ts. */
import { wordsOf } from "../words";

export const tell = wordsOf(
  {
    newScene: "New scene", save: "Save", saved: "Saved, version {}", remove: "Remove", removeSure: "Remove this scene with all its versions?", name: "Name", id: "Id", place: "Place",
    description: "About it", enabled: "Enabled", when: "When", if: "If", then: "Then", otherwise: "Otherwise", whenHint: "any of these happens", ifHint: "all of these hold", thenHint: "do this, one after the other",
    noWhen: "Nothing sets it off: it runs by hand, or by another scene.", noIf: "Always.", add: "Add", addWhen: "Add a trigger", addIf: "Add a condition", addThen: "Add a step", up: "Up", down: "Down", takeOut: "Take out",
    also: "and also", text: "Text (YAML)", sentences: "Sentences", badText: "this is no YAML", notShown: "The text cannot be read: mend it, and the sentences come back.", things: "things", everything: "every {}",
    allOf: "in", kind: "Kind", property: "property", value: "value", pickThings: "Which things", now: "now {}", is: "is", is_not: "is not", above: "is above", below: "is below", changes: "changes", between: "is between",
    seconds: "s", minutes: "min", hours: "h", days: "d", unit: "Unit", checked: "Nothing is wrong with it.", problems: "What is odd about it", expected: "expected {}", checking: "Looking ...", to: "to", by: "by", toggle: "the other of on and off", computed: "computed",
    mode: "While it runs, a trigger", single: "does nothing", restart: "begins anew", queued: "waits", parallel: "runs beside it", past: "Test in the past", pastHint: "What it would have done, by what history holds. Nothing is done.", test: "Test", wouldHave: "It would have run {} times:", wouldHaveOnce: "It would have run once:", wouldNot: "It would not have run.",
    since: "Since", day: "a day", week: "a week", month: "a month", values: "{} values of the past were played.", coarse: "There were many: of some only the last in every {} s.", more: "and {} more", notTried: "Not tried", refused: "It wanted to run, but", times: "{} times", dry: "Now", dryHint: "What it would do if it ran now. Nothing is done.",
    dryRun: "Show", wouldRun: "It would run:", wouldNotNow: "It would not run now: {}", traces: "What happened", noRuns: "It has not run yet.", steps: "{} steps", saw: "saw", open: "Edit", blueprints: "From a blueprint", blueprintsHint: "Scenes with blanks: choose one and fill in your things.", make: "Make the scene", area: "Area", all: "all",
    home: "home", energy: "energy", security: "security", care: "care", car: "car", cold_chain: "cold chain", line: "line", unsaved: "Not saved yet", versions: "Versions", runNow: "Run", json: "JSON", badJson: "This is no JSON", left: "{} steps in the middle are not kept", whyNot: "Why it did not run", leave: "Back to the scenes",
    triggersNow: "Its triggers now", fits: "fits", fitsNot: "does not fit", hasToHappen: "has to happen", comes: "comes at {}", comesNever: "does not come any more",
    stateDone: "done", stateRunning: "running", stateStopped: "stopped", stateFailed: "failed", handRun: "by {}", at: "at", offset: "after it", arrives: "arrives at", leaves: "leaves", for: "for a time", until: "until", how: "how", times_: "so many times", while: "while", lines: "Line {}", opened: "Open", title: "Title",
    step: "Step {}", branch: "Branch {}", addBranch: "Add a branch", field: "Name", addValue: "Add a value", people: "people", everybody: "everybody of the place", second: "Second bound", event: "event", action: "action",
  },
  {
    newScene: "新场景", save: "保存", saved: "已保存，版本 {}", remove: "删除", removeSure: "删除此场景及其所有版本？", name: "名称", id: "标识", place: "位置",
    description: "说明", enabled: "启用", when: "当", if: "如果", then: "那么", otherwise: "否则", whenHint: "其中任何一件事发生", ifHint: "以下条件都成立", thenHint: "依次执行",
    noWhen: "没有触发条件：由人手动运行，或由其他场景运行。", noIf: "总是。", add: "添加", addWhen: "添加触发条件", addIf: "添加条件", addThen: "添加步骤", up: "上移", down: "下移", takeOut: "移除",
    also: "并且", text: "文本（YAML）", sentences: "句子", badText: "这不是 YAML", notShown: "文本无法读取：改正之后，句子就会回来。", things: "设备", everything: "每个{}",
    allOf: "位于", kind: "种类", property: "属性", value: "数值", pickThings: "哪些设备", now: "现在 {}", is: "是", is_not: "不是", above: "高于", below: "低于", changes: "变化", between: "介于",
    seconds: "秒", minutes: "分钟", hours: "小时", days: "天", unit: "单位", checked: "没有发现问题。", problems: "值得注意之处", expected: "应为 {}", checking: "检查中……", to: "为", by: "增加", toggle: "切换开关", computed: "计算得出",
    mode: "运行期间再次触发时", single: "什么也不做", restart: "重新开始", queued: "排队等待", parallel: "同时运行", past: "用历史测试", pastHint: "根据历史记录，它本会做什么。不会真正执行。", test: "测试", wouldHave: "它本会运行 {} 次：", wouldHaveOnce: "它本会运行一次：", wouldNot: "它不会运行。",
    since: "时间范围", day: "一天", week: "一周", month: "一个月", values: "播放了 {} 个历史数值。", coarse: "数值很多：部分只取每 {} 秒的最后一个。", more: "另有 {} 次", notTried: "未能测试", refused: "本想运行，但", times: "{} 次", dry: "现在", dryHint: "如果现在运行会做什么。不会真正执行。",
    dryRun: "查看", wouldRun: "它会运行：", wouldNotNow: "现在不会运行：{}", traces: "运行经过", noRuns: "尚未运行。", steps: "{} 步", saw: "看到", open: "编辑", blueprints: "从蓝图创建", blueprintsHint: "带空格的场景：选择一个，填入你的设备。", make: "创建场景", area: "领域", all: "全部",
    home: "家居", energy: "能源", security: "安防", care: "照护", car: "汽车", cold_chain: "冷链", line: "产线", unsaved: "尚未保存", versions: "版本", runNow: "运行", json: "JSON", badJson: "不是有效的 JSON", left: "中间 {} 步未保留", whyNot: "为何没有运行", leave: "返回场景列表",
    triggersNow: "触发条件的现状", fits: "符合", fitsNot: "不符合", hasToHappen: "等待发生", comes: "将于 {} 触发", comesNever: "不会再触发",
    stateDone: "完成", stateRunning: "运行中", stateStopped: "已停止", stateFailed: "失败", handRun: "由 {}", at: "时刻", offset: "之后", arrives: "到达", leaves: "离开", for: "一段时间", until: "直到", how: "方式", times_: "若干次", while: "当…时", lines: "第 {} 行", opened: "打开", title: "标题",
    step: "第 {} 步", branch: "分支 {}", addBranch: "添加分支", field: "名称", addValue: "添加数值", people: "人员", everybody: "该位置的所有人", second: "第二个界限", event: "事件", action: "动作",
  },
);

/** What a run's trace says, in Chinese; English is what the hub says. */
const DID: [RegExp, string][] = [
  [/^asked nobody$/, "没有设备接受"], [/^asked$/, "已请求"], [/^confirmed$/, "已确认"], [/^acknowledged$/, "已送达，它无法回应"], [/^failed$/, "失败"], [/^holds already$/, "已经成立"], [/^holds now$/, "现在成立"], [/^holds$/, "成立"], [/^does not hold$/, "不成立"],
  [/^waits until it holds$/, "等待条件成立"], [/^did not hold in time$/, "未能及时成立"], [/^waits (.+) s$/, "等待 $1 秒"], [/^told$/, "已通知"], [/^calls (.+)$/, "调用 $1"], [/^remembers$/, "记住"], [/^puts back$/, "恢复"],
  [/^runs$/, "运行"], [/^does not run$/, "没有运行"], [/^(\S+) is (\S+)$/, "$1 进入 $2"], [/^stops$/, "停止"], [/^left$/, "已发出"], [/^ended at its bound of (.+)$/, "达到上限 $1 次"], [/^ended after (.+)$/, "共 $1 次后结束"],
  [/^it is disabled$/, "已停用"], [/^a condition said no$/, "有条件不成立"], [/^it is running already$/, "已在运行"], [/^its queue is full$/, "队列已满"], [/^as many as may be are running$/, "同时运行数已达上限"], [/^its moment was missed$/, "错过了时刻"],
  [/^(\S+): it did not hold in time$/, "$1：未能及时成立"], [/^it took too many steps$/, "步骤过多"], [/^it was triggered again$/, "再次被触发"], [/^the scene was changed$/, "场景被修改"], [/^the scene was removed$/, "场景被删除"], [/^(\S+) stopped it$/, "由 $1 停止"],
  [/^connections are not in history.*$/, "历史中没有连接情况：假定设备都在线"], [/^modes are not in history.*$/, "历史中没有模式：假定与现在相同"], [/^runs of other scenes are not in history.*$/, "历史中没有其他场景的运行：此触发条件不会发生"],
];

export function inWords(text: string, lang: string): string {
  if (lang !== "zh") return text;
  const found = DID.find(([pattern]) => pattern.test(text));
  return found ? text.replace(found[0], found[1]) : text;
}
