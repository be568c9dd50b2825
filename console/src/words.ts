/** Every word the console says, in each language; and how dates and numbers are written there. */
import { Signal, useSignal } from "./signal";
import * as alarms from "./words/alarms";
import * as cards from "./words/cards";
import * as devices from "./words/devices";
import * as people from "./words/people";
import * as talk from "./words/talk";

const EN = {
  ...alarms.EN,
  ...cards.EN,
  ...talk.EN,
  ...devices.EN,
  ...people.EN,
  home: "Home", scenes: "Scenes", assistant: "Assistant", alarms: "Alarms", signOut: "Sign out", signIn: "Sign in", user: "User", password: "Password", token: "Token",
  or: "or", tokenHint: "The token stands in the terminal that started the hub, and in its data directory (file token).", live: "live", connecting: "connecting", lost: "not live",
  lostLine: "The live connection is lost: what you see may be out of date. Trying again.", outdated: "What you see may be out of date: {}", away: "The hub does not answer.", search: "Search things, scenes, places, or say something",
  searchKey: "Search (Ctrl-K)", none: "No things yet.", noMatch: "Nothing matches.", noThing: "There is no thing “{}” here: it may have been removed, or you may not see it.", say: "Say: {}", online: "online", offline: "offline", sleeping: "sleeping",
  unknown: "unknown", simulated: "simulated", seen: "last heard of {} ago", never: "never heard of", untold: "connected, nothing reported yet", noValue: "no value yet", pending: "asked for {}, not yet confirmed",
  confirmed: "confirmed", mismatch: "reported another value", timeout: "nothing came back in time", rejected: "refused by the thing", expired: "it stayed away too long", superseded: "replaced by a later command",
  failed: "could not be sent", queued: "waiting for the thing", sent: "sent", acknowledged: "acknowledged, not confirmed", unanswered: "told, it cannot answer", wanted: "wanted: {}", stale: "The thing is not there: the values are the last ones known.",
  on: "on", off: "off", yes: "yes", no: "no", unlock: "Unlock", lock: "Lock", open: "Open", close: "Close", start: "Start", stop: "Stop", sure: "Are you sure?",
  sureText: "{} is something that must not happen by mistake.", doIt: "Do it", cancel: "Cancel", overview: "Overview", now: "Now", overTime: "Over time", commands: "Commands", letters: "Not understood", identity: "Identity",
  noLetters: "Everything it said was understood.", noCommands: "Nobody has asked anything of it yet.", by: "by", model: "Model", place: "place", id: "id", hour: "hour", day: "day", week: "week", month: "month", year: "year",
  csv: "CSV", run: "Run", enabled: "enabled", disabled: "disabled", lastRun: "last run", nextRun: "next", noScenes: "No scenes yet.", neverRun: "has not run yet", trace: "What happened", whyNot: "Why it did not run",
  ask: "Say what you want, or ask", send: "Send", hello: "Try: “turn off the kitchen light”, “is the front door locked?”, “when the washer is done, tell me”.", plan: "Plan", done: "done", partly: "partly done",
  waiting: "waits for your yes", later: "later", kept: "kept as a scene", answered: "answer", nothing: "nothing was done", would: "would be done", underway: "under way", theme: "Light or dark", language: "中文", back: "Back", set: "Set", things: "{} things",
  ack: "Acknowledge", noAlarms: "No alarms. All is well.", raised: "since {}", dryRun: "Only show the plan", running: "running now", edit: "Document", rooms: "The whole",
  newScene: "New scene", fromBlueprint: "From a blueprint", messages: "Messages", compare: "Compare", history: "History", dashboards: "Dashboards", boards: "Boards", pages: "Pages", toContent: "To the content", settings: "Settings", silent: "What it never told ({})",
  unsaved: "What you changed here is not saved. Leave it?",
} as const;

const ZH: Record<keyof typeof EN, string> = {
  ...alarms.ZH,
  ...cards.ZH,
  ...talk.ZH,
  ...devices.ZH,
  ...people.ZH,
  home: "首页", scenes: "场景", assistant: "助手", alarms: "报警", signOut: "退出", signIn: "登录", user: "用户", password: "密码", token: "令牌",
  or: "或", tokenHint: "令牌显示在启动中枢的终端里，也在其数据目录的 token 文件中。", live: "实时", connecting: "连接中", lost: "未实时",
  lostLine: "实时连接已断开：所见内容可能已过时。正在重试。", outdated: "所见内容可能已过时：{}", away: "中枢没有回应。", search: "搜索设备、场景、位置，或直接说一句话",
  searchKey: "搜索（Ctrl-K）", none: "还没有设备。", noMatch: "没有匹配项。", noThing: "这里没有设备“{}”：它可能已被移除，或你无权查看。", say: "说：{}", online: "在线", offline: "离线", sleeping: "休眠",
  unknown: "未知", simulated: "模拟", seen: "{}前上报", never: "从未上报", untold: "已连接，尚未上报", noValue: "暂无数值", pending: "已请求 {}，尚未确认",
  confirmed: "已确认", mismatch: "上报了另一个值", timeout: "超时未回应", rejected: "设备拒绝", expired: "设备离线过久", superseded: "被后来的命令取代",
  failed: "无法发送", queued: "等待设备", sent: "已发送", acknowledged: "已收到，未确认", unanswered: "已送达，它无法回应", wanted: "期望：{}", stale: "设备不在线：显示的是最后已知的值。",
  on: "开", off: "关", yes: "是", no: "否", unlock: "开锁", lock: "上锁", open: "打开", close: "关闭", start: "启动", stop: "停止", sure: "确定吗？",
  sureText: "“{}”不能误操作。", doIt: "执行", cancel: "取消", overview: "总览", now: "现在", overTime: "历史", commands: "命令", letters: "未被理解的消息", identity: "身份",
  noLetters: "它的所有消息都已被理解。", noCommands: "还没有人对它下过命令。", by: "来自", model: "型号", place: "位置", id: "ID", hour: "小时", day: "天", week: "周", month: "月", year: "年",
  csv: "CSV", run: "运行", enabled: "已启用", disabled: "已停用", lastRun: "上次运行", nextRun: "下次", noScenes: "还没有场景。", neverRun: "尚未运行", trace: "运行经过", whyNot: "为何没有运行",
  ask: "说出你想要的，或提问", send: "发送", hello: "试试：“把厨房灯关了”、“大门锁了吗”、“洗衣机好了告诉我”。", plan: "计划", done: "已完成", partly: "部分完成",
  waiting: "等待你的确认", later: "稍后执行", kept: "已存为场景", answered: "回答", nothing: "什么也没有做", would: "将会执行", underway: "正在进行", theme: "浅色或深色", language: "English", back: "返回", set: "设定", things: "{} 个设备",
  ack: "确认", noAlarms: "没有报警，一切正常。", raised: "自 {}", dryRun: "只显示计划", running: "正在运行", edit: "文档", rooms: "整体",
  newScene: "新场景", fromBlueprint: "从蓝图创建", messages: "消息", compare: "比较", history: "历史", dashboards: "看板", boards: "看板", pages: "页面", toContent: "跳到内容", settings: "设置", silent: "从未上报的（{}）",
  unsaved: "这里的更改尚未保存，要离开吗？",
};

export type Word = keyof typeof EN;
export type Lang = "en" | "zh";

const KEY = "unisono.language";
const kept = localStorage.getItem(KEY);
let lang: Lang = kept === "en" || kept === "zh" ? kept : navigator.language.startsWith("zh") ? "zh" : "en";
const changed = new Signal();

export function setLang(to: Lang): void {
  lang = to;
  localStorage.setItem(KEY, to);
  document.documentElement.lang = to;
  changed.tell();
}
document.documentElement.lang = lang;

export const useLang = (): Lang => useSignal(changed, () => lang);

export const language = (): Lang => lang;

export function say(word: Word, value?: string | number): string {
  const text = lang === "zh" ? ZH[word] : EN[word];
  return value === undefined ? text : text.replace("{}", String(value));
}

/** Words of a part that is loaded when it is looked at: they come with it. */
export const wordsOf =
  <K extends string>(en: Record<K, string>, zh: Record<K, string>) =>
  (word: K, value?: string | number): string => {
    const text = lang === "zh" ? zh[word] : en[word];
    return value === undefined ? text : text.replace("{}", String(value));
  };

export const locale = (): string => (lang === "zh" ? "zh-CN" : "en-GB");

/** The name of a thing, a place or a scene in the language that is shown. */
export function called(named: { name: string; names?: { [key: string]: string | string[] } | null }): string {
  const found = named.names?.[lang];
  return (Array.isArray(found) ? found[0] : found) ?? named.name;
}

/** A person's name; the hub's own machine is called so in both languages until somebody names it. */
export const personName = (person: { id: string; name: string }): string => (person.id === "local" && person.name === people.EN.hubItself ? say("hubItself") : person.name);

export const when = (at: string): string =>
  new Date(at).toLocaleString(lang === "zh" ? "zh-CN" : "en-GB", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
