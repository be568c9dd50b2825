/** The assistant's plan as sentences: what to which things, when, and if what; said in the words of the things' own models. */
import type { Reply, Thing } from "./api";
import { hub, useHub } from "./hub";
import { titled, type Model, type Property, unitSign, useModel, written } from "./models";
import { called, language, locale, wordsOf } from "./words";

interface Step {
  things?: string[];
  trait?: string;
  op?: string;
  value?: unknown;
  unit?: string;
  scene?: string;
  text?: string;
}
interface Condition {
  things?: string[];
  trait?: string;
  is?: unknown;
  above?: number;
  below?: number;
  for_s?: number;
}
interface Moment {
  at?: string;
  every?: string;
  after_s?: number;
  until?: string;
}

const tell = wordsOf(
  {
    if: "if {}", is: "is {}", above: "is above {}", below: "is below {}", held: "for {}", at: "at {}", after: "in {}", until: "until {}", every: "every {}", sunrise: "sunrise", sunset: "sunset", toggle: "the other of on and off", run: "run the scene {}",
    notify: "tell “{}”", remind: "remind of “{}”", cancel: "take back what was asked for later", undo: "undo the last", weekday: "weekday", weekend: "weekend", day: "day", week: "week", month: "month", hour: "hour", s: "{} s", min: "{} min", h: "{} h", and: ", ",
  },
  {
    if: "如果{}", is: "为{}", above: "高于 {}", below: "低于 {}", held: "持续 {}", at: "{}", after: "{}后", until: "直到 {}", every: "每{}", sunrise: "日出", sunset: "日落", toggle: "切换开关", run: "运行场景“{}”",
    notify: "通知“{}”", remind: "提醒“{}”", cancel: "取消之后要做的事", undo: "撤销上一次操作", weekday: "个工作日", weekend: "个周末", day: "天", week: "周", month: "月", hour: "小时", s: "{} 秒", min: "{} 分钟", h: "{} 小时", and: "、",
  },
);

const MINUTE = 60;
const HOUR = 3600;
const MONDAY = Date.UTC(2024, 0, 1); // any Monday: for the names of days

const nameOf = (id: string): string => (hub.things.has(id) ? called(hub.things.get(id)!) : id);
const names = (ids: string[] = []): string => ids.map(nameOf).join(tell("and"));
const of = (model: Model, trait?: string): Property | undefined => [...model.properties.values()].find((one) => one.trait === trait || one.key === trait);
const lasting = (s: number): string => (s >= HOUR && s % HOUR === 0 ? tell("h", s / HOUR) : s >= MINUTE && s % MINUTE === 0 ? tell("min", s / MINUTE) : tell("s", s));

function moment(text: string): string {
  if (text === "sunrise" || text === "sunset") return tell(text);
  const at = /^\d{4}-/.test(text) ? new Date(text) : undefined;
  return at && !Number.isNaN(at.getTime()) ? at.toLocaleString(locale(), { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }) : text;
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const PERIODS = ["weekday", "weekend", "day", "week", "month", "hour"] as const;

/** "day", "weekday", or days of the week by the first letters of their names. */
function period(text: string): string {
  const known = PERIODS.find((one) => one === text.replace(/s$/, ""));
  if (known) return tell(known);
  const days = text.split(/[\s,]+/).map((one) => DAYS.indexOf(one.slice(0, 3).toLowerCase()));
  if (days.includes(-1)) return text;
  return days.map((day) => new Date(MONDAY + day * 24 * HOUR * 1000).toLocaleDateString(locale(), { weekday: "long", timeZone: "UTC" })).join(tell("and"));
}

/** When, of a plan: on its own line. */
export function whenOf(when: Moment): string {
  const parts = [when.every ? tell("every", period(when.every)) : "", when.at ? tell("at", moment(when.at)) : "", when.after_s === undefined ? "" : tell("after", lasting(when.after_s)), when.until ? tell("until", moment(when.until)) : ""];
  return parts.filter(Boolean).join(" ");
}

function value(wanted: unknown, property: Property | undefined, unit?: string): string {
  if (typeof wanted !== "number" || !unit) return written(wanted, property);
  return written(wanted, { ...(property ?? { key: "", schema: { kind: "any" } }), unit: unit === property?.unit ? unit : unitSign(unit) });
}

const first = (ids?: string[]): Thing | undefined => hub.things.get(ids?.[0] ?? "");

function StepLine({ step }: { step: Step }) {
  const model = useModel(first(step.things));
  const property = of(model, step.trait);
  const who = names(step.things);
  const about = property ? titled(property) : (step.trait ?? "");
  const action = [...model.actions.values()].find((one) => one.trait === step.trait || one.key === step.trait || one.key === step.value);
  const scene = step.scene ?? "";
  const said = (): string => {
    if (step.op === "toggle") return `${about}: ${tell("toggle")}`;
    if (step.op === "add") return `${about} ${Number(step.value) > 0 ? "+" : ""}${value(step.value, property, step.unit)}`;
    if (step.op === "call") return action ? titled(action) : [about, step.value === undefined ? "" : String(step.value)].filter(Boolean).join(" ");
    if (step.op === "run") return tell("run", scene);
    if (step.op === "notify" || step.op === "remind") return tell(step.op, step.text ?? "");
    if (step.op === "cancel" || step.op === "undo") return tell(step.op) + (step.text ? ` (${step.text})` : "");
    return `${about} → ${value(step.value, property, step.unit)}`;
  };
  return <li>{who ? `${who}: ${said()}` : said()}</li>;
}

function ConditionLine({ one }: { one: Condition }) {
  const model = useModel(first(one.things));
  const property = of(model, one.trait);
  const what = [
    names(one.things),
    property ? titled(property) : one.trait,
    one.is === undefined || one.is === null ? "" : tell("is", value(one.is, property)),
    one.above === undefined ? "" : tell("above", value(one.above, property)),
    one.below === undefined ? "" : tell("below", value(one.below, property)),
    one.for_s === undefined ? "" : tell("held", lasting(one.for_s)),
  ];
  return <li>{tell("if", what.filter(Boolean).join(language() === "zh" ? "" : " "))}</li>;
}

export const isPlanned = (reply: Reply): boolean => Boolean(reply.steps?.length || reply.when || reply.if?.length);

export function Plan({ reply }: { reply: Reply }) {
  useHub(); // names come with the things
  return (
    <ul className="steps">
      {(reply.if ?? []).map((one, index) => (
        <ConditionLine key={`if ${index}`} one={one as Condition} />
      ))}
      {reply.when ? <li>{whenOf(reply.when as Moment)}</li> : null}
      {(reply.steps ?? []).map((step, index) => (
        <StepLine key={`step ${index}`} step={step as Step} />
      ))}
    </ul>
  );
}
