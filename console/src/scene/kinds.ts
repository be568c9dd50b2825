/** What triggers, conditions and steps there are, and the sentence that each of them is: words with blanks in braces.
 * A blank that ends in ? is shown once it says something; until then it can be added. */

export type Blank =
  | { as: "things" }
  | { as: "property" }
  | { as: "event" }
  | { as: "action" }
  | { as: "test" }
  | { as: "bounds" }
  | { as: "seconds" }
  | { as: "number"; min?: number; max?: number }
  | { as: "text"; wide?: boolean }
  | { as: "words" }
  | { as: "clock" }
  | { as: "choice"; of: readonly string[] }
  | { as: "flag" }
  | { as: "place" }
  | { as: "scene" }
  | { as: "people" }
  | { as: "travel" }
  | { as: "moment" }
  | { as: "state" }
  | { as: "json" }
  | { as: "conditions" }
  | { as: "condition" }
  | { as: "steps" }
  | { as: "branches" };

export interface Kind {
  title: { en: string; zh: string };
  says: { en: string; zh: string };
  blanks: Record<string, Blank>;
  fresh: unknown;
}

/** Blanks that stand for several members of a part, or for all of it. */
export const OVER = new Set(["things", "test", "bounds", "travel", "moment"]);

const THINGS = { as: "things" } as const;
const FOR = { as: "seconds" } as const;
const OF = { as: "choice", of: ["all", "any", "none"] } as const;
const COMMON = { things: THINGS, property: { as: "property" }, test: { as: "test" }, for_s: FOR } as const;
const FIGURE: Record<string, Blank> = {
  things: THINGS, property: { as: "property" }, bounds: { as: "bounds" }, over_s: { as: "seconds" }, agg: { as: "choice", of: ["mean", "min", "max", "sum", "count", "rate"] }, for_s: FOR,
};
const FRESH_FIGURE = { things: [], property: "", over_s: 900, agg: "mean", above: 0 };
const ONLINE = { as: "choice", of: ["online", "offline"] } as const;
const DONE = { wait: { as: "flag" }, or_stop: { as: "flag" } } as const;

export const TRIGGERS: Record<string, Kind> = {
  change: {
    title: { en: "A value changes", zh: "数值变化" },
    says: { en: "{property} of {things} {test} {for_s?} {by?} {was?}", zh: "{things} 的 {property} {test} {for_s?} {by?} {was?}" },
    blanks: { ...COMMON, by: { as: "number", min: 0 }, was: { as: "text" } }, fresh: { things: [], property: "" },
  },
  time: {
    title: { en: "At a time", zh: "到某个时刻" },
    says: { en: "{moment} {missed?}", zh: "{moment} {missed?}" },
    blanks: { moment: { as: "moment" }, missed: { as: "choice", of: ["skip", "once", "all"] } }, fresh: { at: "07:00" },
  },
  travel: {
    title: { en: "Somebody comes or goes", zh: "有人到达或离开" },
    says: { en: "{things} {travel} {within_m?} {for_s?}", zh: "{things} {travel} {within_m?} {for_s?}" },
    blanks: { things: THINGS, travel: { as: "travel" }, within_m: { as: "number", min: 1 }, for_s: FOR }, fresh: { things: [], arrives: "" },
  },
  event: {
    title: { en: "A thing tells an event", zh: "设备发出事件" },
    says: { en: "{things} tells {event} {fields?}", zh: "{things} 发出 {event} {fields?}" },
    blanks: { things: THINGS, event: { as: "event" }, fields: { as: "json" } }, fresh: { things: [], event: "" },
  },
  connection: {
    title: { en: "A thing comes or goes", zh: "设备上线或离线" },
    says: { en: "{things} is {is} {for_s?}", zh: "{things} {is} {for_s?}" },
    blanks: { things: THINGS, is: ONLINE, for_s: FOR }, fresh: { things: [], is: "offline" },
  },
  silence: {
    title: { en: "A thing says nothing", zh: "设备不再上报" },
    says: { en: "{things} reports nothing for {for_s} {property?}", zh: "{things} 有 {for_s} 没有上报 {property?}" },
    blanks: { things: THINGS, property: { as: "property" }, for_s: FOR }, fresh: { things: [], for_s: 3600 },
  },
  window: {
    title: { en: "A figure over a while", zh: "一段时间的统计值" },
    says: { en: "the {agg} of {property} of {things} over {over_s} {bounds} {for_s?}", zh: "{things} 的 {property} 在 {over_s} 内的 {agg} {bounds} {for_s?}" },
    blanks: FIGURE, fresh: FRESH_FIGURE,
  },
  mode: {
    title: { en: "A place takes on a mode", zh: "位置进入模式" },
    says: { en: "{place} takes on the mode {is} {for_s?}", zh: "{place} 进入模式 {is} {for_s?}" },
    blanks: { place: { as: "place" }, is: { as: "words" }, for_s: FOR }, fresh: { place: "", is: "away" },
  },
  scene: {
    title: { en: "Another scene ended", zh: "另一个场景结束" },
    says: { en: "the scene {id} ended: {ended}", zh: "场景 {id} 结束：{ended}" },
    blanks: { id: { as: "scene" }, ended: { as: "choice", of: ["done", "stopped", "any"] } }, fresh: { id: "", ended: "done" },
  },
};

export const CONDITIONS: Record<string, Kind> = {
  state: {
    title: { en: "What a value is", zh: "数值状态" },
    says: { en: "{property} of {things} {test} {of?} {for_s?}", zh: "{things} 的 {property} {test} {of?} {for_s?}" },
    blanks: { ...COMMON, of: OF }, fresh: { things: [], property: "", is: true },
  },
  time: {
    title: { en: "Time of day", zh: "时间段" },
    says: { en: "it is after {after} and before {before} {days?}", zh: "时间在 {after} 之后、{before} 之前 {days?}" },
    blanks: { after: { as: "clock" }, before: { as: "clock" }, days: { as: "text" } }, fresh: { after: "22:00", before: "06:00" },
  },
  sun: { title: { en: "The sun", zh: "太阳" }, says: { en: "the sun is {is}", zh: "太阳 {is}" }, blanks: { is: { as: "choice", of: ["up", "down"] } }, fresh: { is: "down" } },
  whereabouts: {
    title: { en: "Where somebody is", zh: "人在何处" },
    says: { en: "{things} is at {at} {of?} {within_m?}", zh: "{things} 在 {at} {of?} {within_m?}" },
    blanks: { things: THINGS, at: { as: "place" }, of: OF, within_m: { as: "number", min: 1 } }, fresh: { things: [], at: "" },
  },
  connection: {
    title: { en: "Whether a thing is there", zh: "设备是否在线" },
    says: { en: "{things} is {is} {of?}", zh: "{things} {is} {of?}" },
    blanks: { things: THINGS, is: ONLINE, of: OF }, fresh: { things: [], is: "online" },
  },
  mode: {
    title: { en: "The mode of a place", zh: "位置的模式" },
    says: { en: "{place} is in the mode {is}", zh: "{place} 处于模式 {is}" },
    blanks: { place: { as: "place" }, is: { as: "words" } }, fresh: { place: "", is: "home" },
  },
  window: { ...TRIGGERS.window!, fresh: FRESH_FIGURE },
  any: { title: { en: "Any of several", zh: "其中任一" }, says: { en: "any of these holds: {any}", zh: "以下任一成立：{any}" }, blanks: { any: { as: "conditions" } }, fresh: [] },
  all: { title: { en: "All of several", zh: "全部成立" }, says: { en: "all of these hold: {all}", zh: "以下全部成立：{all}" }, blanks: { all: { as: "conditions" } }, fresh: [] },
  not: { title: { en: "Not", zh: "不成立" }, says: { en: "this does not hold: {not}", zh: "以下不成立：{not}" }, blanks: { not: { as: "condition" } }, fresh: { sun: { is: "up" } } },
  cel: {
    title: { en: "An expression", zh: "表达式" },
    says: { en: "{expression} with {given}", zh: "{expression}，其中 {given}" },
    blanks: { expression: { as: "text", wide: true }, given: { as: "json" } }, fresh: { expression: "", given: {} },
  },
};

export const STEPS: Record<string, Kind> = {
  set: {
    title: { en: "Set things", zh: "设置设备" },
    says: { en: "set {things}: {state} {wait?} {or_stop?}", zh: "将 {things} 设为 {state} {wait?} {or_stop?}" },
    blanks: { things: THINGS, state: { as: "state" }, ...DONE }, fresh: { things: [], state: {} },
  },
  notify: {
    title: { en: "Tell people", zh: "通知人员" },
    says: { en: "tell {to}: {text} {title?} {priority?} {group?}", zh: "告诉 {to}：{text} {title?} {priority?} {group?}" },
    blanks: { to: { as: "people" }, text: { as: "text", wide: true }, title: { as: "text" }, priority: { as: "choice", of: ["low", "normal", "high", "critical"] }, group: { as: "text" } }, fresh: { text: "" },
  },
  wait: {
    title: { en: "Wait", zh: "等待" },
    says: { en: "wait {for_s?} {until?} {timeout_s?} {otherwise?}", zh: "等待 {for_s?} {until?} {timeout_s?} {otherwise?}" },
    blanks: { for_s: FOR, until: { as: "conditions" }, timeout_s: { as: "seconds" }, otherwise: { as: "choice", of: ["go_on", "stop"] } }, fresh: { for_s: 60 },
  },
  call: {
    title: { en: "Call an action", zh: "调用动作" },
    says: { en: "let {things} {action} {input?} {wait?} {or_stop?}", zh: "让 {things} 执行 {action} {input?} {wait?} {or_stop?}" },
    blanks: { things: THINGS, action: { as: "action" }, input: { as: "json" }, ...DONE }, fresh: { things: [], action: "" },
  },
  choose: {
    title: { en: "Either or", zh: "分情况" },
    says: { en: "{branches} otherwise {otherwise?}", zh: "{branches} 否则 {otherwise?}" },
    blanks: { branches: { as: "branches" }, otherwise: { as: "steps" } }, fresh: { branches: [{ if: [], then: [] }] },
  },
  repeat: {
    title: { en: "Again and again", zh: "重复" },
    says: { en: "again {times?} {while?} {until?} {at_most?}: {then}", zh: "重复 {times?} {while?} {until?} {at_most?}：{then}" },
    blanks: { times: { as: "number", min: 1 }, while: { as: "conditions" }, until: { as: "conditions" }, at_most: { as: "number", min: 1 }, then: { as: "steps" } }, fresh: { times: 2, then: [] },
  },
  snapshot: { title: { en: "Remember", zh: "记住状态" }, says: { en: "remember {things} as {name}", zh: "把 {things} 记为 {name}" }, blanks: { things: THINGS, name: { as: "text" } }, fresh: { things: [], name: "before" } },
  restore: { title: { en: "Put back", zh: "恢复状态" }, says: { en: "put back {name}", zh: "恢复 {name}" }, blanks: { name: { as: "text" } }, fresh: { name: "before" } },
  scene: { title: { en: "Run a scene", zh: "运行场景" }, says: { en: "run the scene {id} {wait?}", zh: "运行场景 {id} {wait?}" }, blanks: { id: { as: "scene" }, wait: { as: "flag" } }, fresh: { id: "" } },
  mode: { title: { en: "Set a mode", zh: "设定模式" }, says: { en: "put {place} into the mode {to}", zh: "将 {place} 设为模式 {to}" }, blanks: { place: { as: "place" }, to: { as: "text" } }, fresh: { place: "", to: "away" } },
  http: {
    title: { en: "Call an address", zh: "调用网址" },
    says: { en: "{method} {url} {body?} {headers?} {timeout_s?}", zh: "{method} {url} {body?} {headers?} {timeout_s?}" },
    blanks: { method: { as: "choice", of: ["POST", "GET", "HEAD", "PUT", "PATCH", "DELETE"] }, url: { as: "text", wide: true }, body: { as: "json" }, headers: { as: "json" }, timeout_s: { as: "seconds" } }, fresh: { url: "https://", method: "POST" },
  },
  stop: { title: { en: "Stop here", zh: "到此停止" }, says: { en: "stop {why?}", zh: "停止 {why?}" }, blanks: { why: { as: "text", wide: true } }, fresh: {} },
};

/** What a blank is called where it is added, and before what it says. */
export const BLANKS: Record<string, { en: string; zh: string }> = {
  for_s: { en: "for", zh: "持续" }, by: { en: "by at least", zh: "变化至少" }, was: { en: "having been", zh: "之前为" }, within_m: { en: "within metres", zh: "范围（米）" }, missed: { en: "missed moments", zh: "错过的时刻" },
  fields: { en: "with fields", zh: "字段" }, property: { en: "of one property", zh: "某个属性" }, of: { en: "for how many", zh: "其中" }, days: { en: "on the days", zh: "日期" }, wait: { en: "and wait for it", zh: "并等待完成" },
  or_stop: { en: "or stop", zh: "否则停止" }, title: { en: "titled", zh: "标题" }, priority: { en: "priority", zh: "优先级" }, group: { en: "in place of an earlier", zh: "替换同组" }, until: { en: "until", zh: "直到" },
  timeout_s: { en: "at most", zh: "最多" }, otherwise: { en: "otherwise", zh: "否则" }, input: { en: "with", zh: "参数" }, times: { en: "times", zh: "次数" }, while: { en: "while", zh: "当…时" }, at_most: { en: "at most times", zh: "最多次数" },
  body: { en: "with body", zh: "内容" }, headers: { en: "with headers", zh: "请求头" }, why: { en: "because", zh: "原因" },
};

export const CHOICES: Record<string, { en: string; zh: string }> = {
  online: { en: "online", zh: "在线" }, offline: { en: "offline", zh: "离线" }, mean: { en: "mean", zh: "平均" }, min: { en: "lowest", zh: "最低" }, max: { en: "highest", zh: "最高" }, sum: { en: "sum", zh: "总和" },
  count: { en: "number of reports", zh: "上报次数" }, rate: { en: "change per hour", zh: "每小时变化" }, all: { en: "all of them", zh: "全部" }, any: { en: "any", zh: "任一" }, none: { en: "none of them", zh: "没有一个" }, up: { en: "up", zh: "升起" }, down: { en: "down", zh: "落下" },
  done: { en: "to its end", zh: "正常完成" }, stopped: { en: "early", zh: "提前停止" }, skip: { en: "are left out", zh: "略过" }, once: { en: "run once", zh: "补运行一次" }, go_on: { en: "go on", zh: "继续" }, stop: { en: "stop", zh: "停止" },
  low: { en: "low", zh: "低" }, normal: { en: "normal", zh: "普通" }, high: { en: "high", zh: "高" }, critical: { en: "critical", zh: "紧急" },
};

/** What a new optional blank says first. */
export const FIRST: Record<Blank["as"], unknown> = {
  things: [], property: "", event: "", action: "", test: null, bounds: null, seconds: 60, number: 1, text: "", words: "", clock: "07:00", choice: null, flag: true, place: "", scene: "", people: [], travel: null, moment: null,
  state: {}, json: {}, conditions: [{ sun: { is: "up" } }], condition: { sun: { is: "up" } }, steps: [{ stop: {} }], branches: [],
};
