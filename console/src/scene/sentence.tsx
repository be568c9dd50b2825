/** Triggers, conditions and steps as sentences with blanks, one inside the other as the scene has them. */
import { ActionIcon, Button, Group, Menu, Text } from "@mantine/core";
import { createContext, useContext } from "react";
import { hub } from "../hub";
import { Told } from "../refusals";
import { language } from "../words";
import { amiss, type Problem } from "./amiss";
import { at, type Json, type Path } from "./draft";
import { Choice, choiceWord, Flag, JsonField, MomentField, Num, PeopleField, PlaceField, PropertyField, SceneField, Seconds, StateField, TestField, Things, TravelField, Words } from "./fields";
import { type Blank, BLANKS, CONDITIONS, FIRST, type Kind, OVER, STEPS, TRIGGERS } from "./kinds";
import { rootOf, type Said, useMeaning } from "./things";
import { tell } from "./words";

interface Editing {
  said: Said;
  problems: Problem[];
  change: (path: Path, value: Json | undefined) => void;
}

export const Editing = createContext<Editing>({ said: {}, problems: [], change: () => undefined });

const KINDS = { when: TRIGGERS, if: CONDITIONS, then: STEPS } as const;
export type Section = keyof typeof KINDS;
const ADD = { when: "addWhen", if: "addIf", then: "addThen" } as const;

const rows = (value: Json | undefined): Said[] => (Array.isArray(value) ? (value as Said[]) : []);

/** A list of parts, each with its place in the document. */
export function Parts({ section, path, label }: { section: Section; path: Path; label: string }) {
  const { said, change } = useContext(Editing);
  const list = rows(at(said, path));
  const move = (index: number, by: number): void => {
    const next = [...list];
    const [one] = next.splice(index, 1);
    next.splice(index + by, 0, one!);
    change(path, next);
  };
  return (
    <div className="parts">
      <div className="parts" role={list.length ? "list" : undefined} aria-label={list.length ? label : undefined}>
      {list.map((part, index) => (
        <div key={index} role="listitem" className="sentence">
          <Part section={section} part={part} path={[...path, index]} label={`${label} ${index + 1}`} />
          <Group gap={0} wrap="nowrap" className="tools">
            <ActionIcon size="sm" variant="subtle" aria-label={`${tell("up")}: ${label} ${index + 1}`} disabled={index === 0} onClick={() => move(index, -1)}>
              ↑
            </ActionIcon>
            <ActionIcon size="sm" variant="subtle" aria-label={`${tell("down")}: ${label} ${index + 1}`} disabled={index === list.length - 1} onClick={() => move(index, 1)}>
              ↓
            </ActionIcon>
            <ActionIcon size="sm" variant="subtle" color="red" aria-label={`${tell("takeOut")}: ${label} ${index + 1}`} onClick={() => change([...path, index], undefined)}>
              ×
            </ActionIcon>
          </Group>
        </div>
      ))}
      </div>
      <Add section={section} label={label} add={(kind) => (list.length ? change([...path, list.length], { [kind]: KINDS[section][kind]!.fresh as Json }) : change(path, [{ [kind]: KINDS[section][kind]!.fresh as Json }]))} />
    </div>
  );
}

function Add({ section, label, add }: { section: Section; label: string; add: (kind: string) => void }) {
  const lang = language();
  return (
    <Menu position="bottom-start" shadow="md" transitionProps={{ duration: 0 }} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button size="compact-sm" variant="light" aria-label={`${tell(ADD[section])}: ${label}`}>
          + {tell(ADD[section])}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(KINDS[section]).map(([kind, one]) => (
          <Menu.Item key={kind} onClick={() => add(kind)}>
            {one.title[lang]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

const kindOf = (part: Said, kinds: Record<string, Kind>): string | undefined => Object.keys(part).find((key) => key in kinds);

export function Part({ section, part, path, label }: { section: Section; part: Said; path: Path; label: string }) {
  const kinds: Record<string, Kind> = KINDS[section];
  const { change } = useContext(Editing);
  const kind = typeof part === "object" && part !== null ? kindOf(part, kinds) : undefined;
  if (!kind)
    return (
      <div className="words">
        <JsonField label={label} value={part} wrong set={(value) => change(path, value ?? {})} />
        <Amiss path={path} />
      </div>
    );
  return <Sentence key={kind} kind={kinds[kind]!} name={kind} body={part[kind]!} path={[...path, kind]} label={label} />;
}

/** What the hub says of this part, where no part inside it stands nearer. */
function Amiss({ path }: { path: Path }) {
  const { problems } = useContext(Editing);
  const mine = path.join(".");
  const here = problems.filter((one) => `${one.path}.`.startsWith(`${mine}.`) && !/\.(then|otherwise|if|until|while|branches|any|all|not)\.\d*/.test(one.path.slice(mine.length)));
  return (
    <>
      {here.map((one) => (
        <Text key={`${one.path} ${one.reason}`} size="xs" role={one.severity === "error" ? "alert" : undefined} c={one.severity === "error" ? "red" : one.severity === "warning" ? "orange" : "dimmed"} data-field={one.path}>
          {one.path.slice(mine.length + 1) || one.path}: <Told text={amiss(one)} />
        </Text>
      ))}
    </>
  );
}

function Sentence({ kind, name, body, path, label }: { kind: Kind; name: string; body: Json; path: Path; label: string }) {
  const { change } = useContext(Editing);
  const lang = language();
  // any, all and not are their own only member
  const bare = !(typeof body === "object" && body !== null && !Array.isArray(body)) || name === "not";
  const said: Said = bare ? { [name]: body } : (body as Said);
  const base = bare ? path.slice(0, -1) : path;
  const words = kind.says[lang].split(/(\{[^}]+\})/);
  const open = words.filter((word) => /^\{.+\?\}$/.test(word)).map((word) => word.slice(1, -2));
  const lacking = open.filter((blank) => said[blank] === undefined);
  const put = (changes: Said, gone: string[]): void => {
    const next = Object.fromEntries(Object.entries({ ...said, ...changes }).filter(([key]) => !gone.includes(key) || key in changes));
    change(base, next);
  };
  return (
    <div className="words" data-part={path.join(".")}>
      <div className="says">
        {words.map((word, index) => {
          const found = /^\{(.+?)(\?)?\}$/.exec(word);
          if (!found) return <span key={index}>{word}</span>;
          const blank = found[1]!;
          const has = OVER.has(blank) || said[blank] !== undefined;
          if (found[2] && !has) return null;
          return (
            <span key={index} className="blanks">
              {found[2] && kind.blanks[blank]?.as !== "flag" ? <span>{BLANKS[blank]?.[lang] ?? blank}</span> : null}
              <Filled blank={kind.blanks[blank]!} name={blank} said={said} path={base} label={`${label}: ${blankWord(blank)}`} put={put} free={name === "change"} />
              {found[2] && kind.blanks[blank]?.as !== "flag" ? (
                <ActionIcon size="xs" variant="subtle" aria-label={`${tell("takeOut")}: ${label}, ${BLANKS[blank]?.[lang] ?? blank}`} onClick={() => change([...base, blank], undefined)}>
                  ×
                </ActionIcon>
              ) : null}
            </span>
          );
        })}
        {lacking.length ? (
          <Menu position="bottom-start" shadow="md" transitionProps={{ duration: 0 }} withinPortal={false} withInitialFocusPlaceholder={false}>
            <Menu.Target>
              <Button size="compact-xs" variant="subtle" aria-label={`${tell("also")}: ${label}`}>
                + {tell("also")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {lacking.map((blank) => (
                <Menu.Item key={blank} onClick={() => change([...base, blank], firstOf(kind.blanks[blank]!))}>
                  {BLANKS[blank]?.[lang] ?? blank}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        ) : null}
      </div>
      <Amiss path={base.length ? path : base} />
    </div>
  );
}

const firstOf = (blank: Blank): Json => (blank.as === "choice" ? blank.of[0]! : (FIRST[blank.as] as Json));
const WORDS: Record<string, Parameters<typeof tell>[0]> = { things: "things", property: "property", place: "place", at: "place", id: "id", event: "event", action: "action", to: "people", text: "text", test: "value", bounds: "value", moment: "at", travel: "how", state: "value" };
const blankWord = (blank: string): string => (WORDS[blank] ? tell(WORDS[blank]) : (BLANKS[blank]?.[language()] ?? blank));

interface FilledProps {
  blank: Blank;
  name: string;
  said: Said;
  path: Path;
  label: string;
  put: (changes: Said, gone: string[]) => void;
  free: boolean;
}

function Filled({ blank, name, said, path, label, put, free }: FilledProps) {
  const { problems, change, said: whole } = useContext(Editing);
  const meaning = useMeaning(said);
  const mine = [...path, name];
  const own = mine.join(".");
  const around = `${path.join(".")}.`;
  const wrong = problems.some(
    (one) => one.severity === "error" && (one.path === own || one.path.startsWith(`${own}.`) || (OVER.has(name) && one.path.startsWith(around) && isOf(name, one.path.slice(around.length).split(".")[0] ?? ""))),
  );
  const value = said[name];
  const set = (next: Json | undefined): void => change(mine, next);
  const props = { label, value, wrong, set };
  const events = meaning.models.flatMap((model) => [...model.events.values()]);
  const actions = meaning.models.flatMap((model) => [...model.actions.values()]);
  const titles = (of: { key: string; titles?: Record<string, string> }[]) => [...new Map(of.map((one) => [one.key, { value: one.key, label: one.titles?.[language()] ?? one.key }])).values()];
  switch (blank.as) {
    case "things":
      return <Things root={typeof whole.place === "string" ? rootOf(whole.place) : ""} label={label} said={said} wrong={wrong} set={(key, next) => change([...path, key], next)} />;
    case "property":
      return <PropertyField {...props} meaning={meaning} />;
    case "event":
      return <Choice {...props} of={titles(events)} />;
    case "action":
      return <Choice {...props} of={titles(actions)} />;
    case "test":
      return <TestField label={label} said={said} wrong={wrong} put={put} meaning={meaning} free={free} />;
    case "bounds":
      return <TestField label={label} said={said} wrong={wrong} put={put} meaning={meaning} free={false} only={["above", "below"]} />;
    case "seconds":
      return <Seconds {...props} />;
    case "number":
      return <Num {...props} min={blank.min} max={blank.max} />;
    case "text":
    case "clock":
      return <Words {...props} wide={blank.as === "text" && blank.wide} />;
    case "words":
      return <Words {...props} value={Array.isArray(value) ? value.join(", ") : value} set={(text) => set(String(text).includes(",") ? String(text).split(",").map((one) => one.trim()).filter(Boolean) : text)} />;
    case "choice":
      return <Choice {...props} of={blank.of.map((one) => ({ value: one, label: choiceWord(one) }))} />;
    case "flag":
      return <Flag {...props} label={BLANKS[name]?.[language()] ?? name} />;
    case "place":
      return <PlaceField {...props} />;
    case "scene":
      return <SceneField {...props} />;
    case "people":
      return <PeopleField {...props} />;
    case "travel":
      return <TravelField label={label} said={said} wrong={wrong} put={put} />;
    case "moment":
      return <MomentField label={label} said={said} wrong={wrong} put={put} />;
    case "state":
      return <StateField {...props} meaning={meaning} />;
    case "json":
      return <JsonField {...props} />;
    case "conditions":
      return <Parts section="if" path={mine} label={label} />;
    case "condition":
      return <Part section="if" part={(value ?? {}) as Said} path={mine} label={label} />;
    case "steps":
      return <Parts section="then" path={mine} label={label} />;
    case "branches":
      return <Branches path={mine} label={label} />;
  }
}

const MEMBERS: Record<string, string[]> = { things: ["things", "place", "kind"], test: ["is", "is_not", "above", "below"], bounds: ["above", "below"], travel: ["arrives", "leaves"], moment: ["at", "every", "cron", "every_s", "offset_s"] };
const isOf = (blank: string, member: string): boolean => MEMBERS[blank]?.includes(member) ?? false;

function Branches({ path, label }: { path: Path; label: string }) {
  const { said, change } = useContext(Editing);
  const list = rows(at(said, path));
  return (
    <div className="parts">
      {list.map((_branch, index) => (
        <div key={index} className="branch">
          <Text size="sm">{tell("if")}</Text>
          <Parts section="if" path={[...path, index, "if"]} label={`${label}: ${tell("branch", index + 1)}, ${tell("if")}`} />
          <Text size="sm">{tell("then")}</Text>
          <Parts section="then" path={[...path, index, "then"]} label={`${label}: ${tell("branch", index + 1)}, ${tell("then")}`} />
        </div>
      ))}
      <Button size="compact-xs" variant="subtle" onClick={() => change([...path, list.length], { if: [{ sun: { is: "up" } }], then: [{ stop: {} }] })}>
        + {tell("addBranch")}
      </Button>
    </div>
  );
}

/** A name for a new scene's id from what it is called. */
export const idFrom = (name: string): string =>
  name
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 60) || `scene_${hub.things.size}_${Date.now().toString(36)}`;

/** Where a new scene most likely belongs. */
export function firstPlace(): string {
  const roots = [...hub.places.values()].filter((one) => !one.parent);
  return (roots.find((one) => one.kind === "home") ?? roots[0])?.id ?? "home";
}
