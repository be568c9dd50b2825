/** One property under a person's hand: a switch, a slider, a choice, buttons; with what was asked for and became of it. */
import { Button, Group, NativeSelect, Slider, Switch, Text, TextInput } from "@mantine/core";
import { type FormEvent, lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import type { Thing } from "./api";
import { hub } from "./hub";
import { type Action, kindOf, type Property, risky, scaleOf, titled, writable, written } from "./models";
import { may } from "./rights";
import { order, useOrder, WHYS, type Wish } from "./orders";
import { soon, styled } from "./soon";
import { Told } from "./refusals";
import { called, say } from "./words";

const MANY = 40; // choices that still fit a list; and the widest range that a slider can be set on by finger
const WIDE = 5000;
const WHITE_STEP_K = 50; // what an eye can tell

const SIGNS = { pending: "◌", confirmed: "✓", told: "→", mismatch: "≠", wrong: "!" } as const;
const COLORS = { pending: "yellow", confirmed: "teal", told: "gray", mismatch: "orange", wrong: "red" } as const;

/** What became of what was asked; touched, it says what that means, and stays until it is touched again. */
export function Became({ thing, what }: { thing: string; what: string }) {
  const order = useOrder(thing, what);
  const last = useRef(order);
  const [open, setOpen] = useState(false);
  if (order) last.current = order;
  const now = order ?? (open ? last.current : undefined);
  if (!now) return null;
  const kind = now.mismatch ? "mismatch" : now.state;
  return (
    <div role="status" data-order={now.state} data-kind={kind}>
      <Text size="xs" c={COLORS[kind]} component="button" type="button" className={`why ${kind}`} aria-expanded={open} onClick={() => setOpen(!open)}>
        <span aria-hidden>{SIGNS[kind]}</span> <Told text={now.text} />
      </Text>
      {open ? <Text size="xs">{say(WHYS[kind])}</Text> : null}
    </div>
  );
}

const Sure = lazy(soon(styled(async () => ({ default: (await import("./sure")).Sure }))));

/** Ways to ask a thing for something, and the dialog that asks once more: before what is risky, or when the place wants a second
 * word. Whatever gives an order from a card goes through here, so that no button does nothing. */
export function useAsking(thing: Thing): { set: (property: Property, wanted: unknown) => void; call: (action: Action, title: string, what?: string) => void; dialog: ReactNode } {
  const [asked, setAsked] = useState<{ title: string; go: () => void } | null>(null);
  const give = async (title: string, what: string, wish: Wish, wanted: unknown, text: string, risk: boolean): Promise<void> => {
    const again = { title, go: () => void order(thing.id, what, wish, wanted, text, true) };
    if (risk || !(await order(thing.id, what, wish, wanted, text, false))) setAsked(again);
  };
  return {
    set: (property, wanted) => {
      const text = written(wanted, property);
      void give(`${called(thing)}: ${titled(property)} → ${text}`, property.key, { set: { [property.key]: wanted } }, wanted, text, risky(property, wanted));
    },
    call: (action, title, what = action.key) => void give(`${called(thing)}: ${title}`, what, { call: action.key }, null, title, Boolean(action.risky)),
    dialog: asked ? (
      <Suspense>
        <Sure
          title={asked.title}
          leave={() => setAsked(null)}
          go={() => {
            setAsked(null);
            asked.go();
          }}
        />
      </Suspense>
    ) : null,
  };
}

/** Whether whoever is signed in may set this, to whatever it can be; what is risky only who may do that. */
export const allowed = (thing: Thing, about: { risky?: boolean }): boolean => may("control", thing.place, about.risky ? (hub.dangerous.includes(kindOf(thing)) ? 2 : 1) : 0);

/** The same, or to what a touch would make of it now: who may not open a lock may lock it. */
export function offered(thing: Thing, property: Property): boolean {
  const now = thing.state[property.key]?.value;
  return allowed(thing, property) || (typeof now === "boolean" && !risky(property, !now) && may("control", thing.place));
}

export function Control({ thing, property, bare }: { thing: Thing; property: Property; bare?: boolean }) {
  const asking = useAsking(thing);
  const pending = useOrder(thing.id, property.key)?.state === "pending";
  if (!offered(thing, property)) return null;
  return (
    <>
      <Input property={property} value={thing.state[property.key]?.value} label={`${called(thing)}: ${titled(property)}`} pending={pending} set={(wanted) => asking.set(property, wanted)} />
      {bare ? null : <Became thing={thing.id} what={property.key} />}
      {asking.dialog}
    </>
  );
}

interface InputProps {
  property: Property;
  value: unknown;
  label: string;
  pending: boolean;
  set: (wanted: unknown) => void;
}

function Input({ property, value, label, pending, set }: InputProps) {
  const { schema } = property;
  // a second touch while the first is under way would only take it back
  const press = (wanted: unknown): void => {
    if (!pending) set(wanted);
  };
  if (property.key.endsWith("locked"))
    return (
      <Button size="xs" variant="light" aria-busy={pending} color={value === true ? "orange" : "teal"} aria-label={`${say(value === true ? "unlock" : "lock")}: ${label}`} onClick={() => press(value !== true)}>
        {say(value === true ? "unlock" : "lock")}
      </Button>
    );
  if (property.trait === "color" && (value === undefined || /^#[0-9a-f]{6}$/i.test(String(value)))) return <Colour value={value} label={label} pending={pending} set={set} />;
  if (schema.kind === "bool" && typeof value !== "boolean")
    return (
      <Button.Group>
        {[true, false].map((one) => (
          <Button key={String(one)} size="compact-xs" variant="default" aria-busy={pending} aria-label={`${written(one, property)}: ${label}`} onClick={() => press(one)}>
            {written(one, property)}
          </Button>
        ))}
      </Button.Group>
    );
  if (schema.kind === "bool") return <Switch checked={value === true} aria-busy={pending} aria-label={label} onChange={(event) => press(event.currentTarget.checked)} />;
  const choices = schema.choices ?? [];
  if (choices.length > 0 && choices.length <= MANY && schema.kind !== "float" && schema.kind !== "int")
    return <Choice property={property} value={value} label={label} pending={pending} set={set} />;
  if (schema.kind === "float" || schema.kind === "int") {
    const { min, max } = rangeOf(property, value);
    const number = <Number_ property={property} value={value} label={label} pending={pending} set={set} />;
    // a fan: "low", "auto", or any per cent
    if (choices.length > 0 && choices.length <= MANY)
      return (
        <Group gap={4} wrap="nowrap">
          <Choice property={property} value={value} label={label} pending={pending} set={set} />
          {number}
        </Group>
      );
    if (min !== undefined && max !== undefined && max - min <= WIDE && typeof value === "number") return <Slide property={property} value={value} label={label} pending={pending} set={set} min={min} max={max} />;
    return number;
  }
  return null;
}

const WHITE_K = [2000, 6500] as const; // candle light to daylight: what models allow beyond is no lamp's, and makes a slider coarse

function rangeOf(property: Property, value: unknown): { min?: number; max?: number } {
  const { min, max } = property.schema;
  if (property.trait !== "color_temperature" || typeof value !== "number") return { min, max };
  return { min: Math.min(value, Math.max(min ?? 0, WHITE_K[0])), max: Math.max(value, Math.min(max ?? WHITE_K[1], WHITE_K[1])) };
}

function Choice({ property, value, label, pending, set }: InputProps) {
  const choices = property.schema.choices ?? [];
  const now = String(value ?? "");
  const named = choices.map((choice) => ({ value: String(choice.value), label: written(choice.value, property) }));
  return (
    <NativeSelect
      size="xs"
      aria-label={label}
      aria-busy={pending}
      value={now}
      data={named.some((one) => one.value === now) ? named : [{ value: now, label: written(value, property) }, ...named]}
      onChange={(event) => {
        const choice = choices.find((one) => String(one.value) === event.currentTarget.value);
        if (choice) set(choice.value);
      }}
    />
  );
}

/** The browser's own picker; the colour goes out when it is left, not on every step of the way. */
function Colour({ value, label, pending, set }: Omit<InputProps, "property">) {
  const input = useRef<HTMLInputElement>(null);
  const latest = useRef(set);
  latest.current = set;
  useEffect(() => {
    const picker = input.current;
    const chosen = (): void => latest.current(picker?.value ?? "");
    picker?.addEventListener("change", chosen); // React's own tells of every step
    return () => picker?.removeEventListener("change", chosen);
  }, []);
  return <input ref={input} key={String(value)} type="color" className="colour" aria-label={label} aria-busy={pending} defaultValue={String(value ?? "#ffffff").toLowerCase()} />;
}

const KEYS_REST_MS = 400; // who goes along a slider by keys means where it stops

/** The slider shows what is reported; while a finger is on it, where the finger is. */
function Slide({ property, value: reported, label, pending, set, min, max }: InputProps & { value: number; min: number; max: number }) {
  const [held, setHeld] = useState<number | null>(null);
  const byKey = useRef(false);
  const resting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(set);
  latest.current = set;
  useEffect(() => () => clearTimeout(resting.current), []);
  useEffect(() => {
    if (!pending && !byKey.current) setHeld(null);
  }, [pending, reported]);
  const end = (wanted: number): void => {
    const go = (): void => {
      byKey.current = false;
      if (risky(property, wanted)) setHeld(null); // it is asked once more, and may be left
      latest.current(wanted);
    };
    clearTimeout(resting.current);
    if (byKey.current) resting.current = setTimeout(go, KEYS_REST_MS);
    else go();
  };
  return (
    <div className="slides" onKeyDownCapture={() => (byKey.current = true)} onPointerDownCapture={() => (byKey.current = false)}>
      <Slider
        size="md"
        min={min}
        max={max}
        step={property.schema.step ?? (property.trait === "color_temperature" ? WHITE_STEP_K : property.schema.kind === "int" || max - min >= MANY ? 1 : 0.5)}
        value={held ?? reported}
        aria-busy={pending}
        label={(shown) => written(shown, property)}
        thumbLabel={label}
        onChange={setHeld}
        onChangeEnd={end}
      />
    </div>
  );
}

function Number_({ property, value, label, pending, set }: InputProps) {
  const [text, setText] = useState("");
  const { kind } = property.schema;
  const { of } = scaleOf(typeof value === "number" ? value : Number.POSITIVE_INFINITY, property); // typed as it is shown
  const inUse = (one: number | undefined): number | undefined => (one === undefined ? undefined : one / of);
  const [min, max, step] = [inUse(property.schema.min), inUse(property.schema.max), inUse(property.schema.step)];
  const wanted = text === "" ? Number.NaN : Number(text);
  const wrong = text !== "" && (Number.isNaN(wanted) || (min !== undefined && wanted < min) || (max !== undefined && wanted > max));
  const may = text !== "" && !wrong && !pending;
  return (
    <Group
      gap={4}
      wrap="nowrap"
      component="form"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (may) set(Number((wanted * of).toPrecision(12))); // 7.05 bar are 705000 Pa, and no 0.0000000001 more
      }}
    >
      <TextInput
        size="xs"
        w={110}
        type="number"
        inputMode={kind === "int" && of === 1 ? "numeric" : "decimal"}
        aria-label={label}
        placeholder={written(value, property)}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        min={min}
        max={max}
        step={step ?? (kind === "int" && of === 1 ? 1 : "any")}
        error={wrong}
        title={wrong ? `${min ?? ""} – ${max ?? ""}` : undefined}
        aria-busy={pending}
      />
      <Button size="xs" variant="default" type="submit" disabled={!may}>
        {say("set")}
      </Button>
    </Group>
  );
}

/** Whether a person can set this here: what has a control of ours. */
export const settable = (property: Property): boolean =>
  writable(property) && (["bool", "float", "int"].includes(property.schema.kind) || Boolean(property.schema.choices?.length));

export function Call({ thing, action }: { thing: Thing; action: Action }) {
  const asking = useAsking(thing);
  const title = titled(action);
  if (!allowed(thing, action)) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={() => asking.call(action, title)}>
        {title}
      </Button>
      <Became thing={thing.id} what={action.key} />
      {asking.dialog}
    </>
  );
}
