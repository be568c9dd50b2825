/** One scene: its sentences and its text in step, what is odd about it, what it would have done, and what it did. */
import { ActionIcon, Alert, Badge, Button, Group, NativeSelect, Stack, Switch, Tabs, Text, TextInput, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { ask, askText, Refused, type Scene } from "../api";
import { reason, Told } from "../refusals";
import { useHub } from "../hub";
import { useUnsaved } from "../leave";
import { may } from "../rights";
import { amiss, type Problem, refused } from "../scene/amiss";
import { type Draft, lineOf, put, read } from "../scene/draft";
import { PlaceField } from "../scene/fields";
import { Editing, firstPlace, idFrom, Parts } from "../scene/sentence";
import { Refusals, type Refusal, type Run, Runs, type Trigger, Triggers } from "../scene/trace";
import { InThePast, Now } from "../scene/trying";
import { tell } from "../scene/words";
import { Waiting } from "../trouble";
import { called, say, useLang, when } from "../words";

const CHECK_MS = 600;
const EVERY_MS = 5000;
const MODES = ["single", "restart", "queued", "parallel"] as const;

function fresh(): string {
  const place = firstPlace();
  return `id: new_scene\nname: ${tell("newScene")}\nplace: ${place}\nwhen: []\nif: []\nthen: []\n`;
}

export function ScenePage({ id }: { id: string }) {
  useLang();
  const made = id === "new";
  const { data, error } = useQuery({ queryKey: ["scene", id], queryFn: () => ask<Scene>(`/scenes/${encodeURIComponent(id)}`), enabled: !made, refetchOnWindowFocus: false, staleTime: Number.POSITIVE_INFINITY });
  if (error || (!made && !data)) return <Waiting error={error} />;
  return <Editor scene={data} />;
}

interface Row {
  result: string;
  warnings?: Problem[];
  error?: Parameters<typeof refused>[0];
}

function Editor({ scene }: { scene?: Scene }) {
  const lang = useLang();
  const fixed = !may("automate", scene?.place);
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>(() => read(scene?.text ?? fresh()));
  const [version, setVersion] = useState(scene?.version);
  const [problems, setProblems] = useState<Problem[] | null>(null);
  const again = useHub().link === "live"; // and when the hub is there again
  const [unchecked, setUnchecked] = useState(false);
  const [note, setNote] = useState<{ good: boolean; text: string } | null>(null);
  const [named, setNamed] = useState(scene !== undefined);
  const dirty = draft.text !== scene?.text;
  const [blank] = useState(draft.text);
  const letGo = useUnsaved(draft.text !== (scene?.text ?? blank));

  useEffect(() => {
    if (draft.wrong || fixed) return; // who may not save it is told nothing of it
    let left = false;
    setProblems(null);
    setUnchecked(false);
    const timer = setTimeout(async () => {
      const found = await ask<{ rows: Row[] }>("/scenes/bulk?dry_run=true&replace=true", "POST", [draft.text]).catch(() => null);
      if (left) return;
      const row = found?.rows[0];
      if (!row) setUnchecked(true); // the hub does not answer: nothing is known of it, good or bad
      else setProblems([...(row.error ? refused(row.error) : []), ...(row.warnings ?? [])]);
    }, CHECK_MS);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [draft, again]);

  const editing = useMemo(
    () => ({
      said: draft.said,
      problems: problems ?? [],
      change: (path: (string | number)[], value: Parameters<typeof put>[2]) => setDraft((now) => put(now, path, value)),
    }),
    [draft, problems],
  );
  const names = draft.said.names as Record<string, string> | undefined;
  const own = typeof names?.[lang] === "string" ? ["names", lang] : ["name"]; // the name that stands above it
  const rename = (name: string): void => setDraft((now) => (named ? put(now, own, name) : put(put(now, own, name), ["id"], idFrom(name))));

  const save = async (): Promise<void> => {
    setNote(null);
    try {
      const path = scene ? `/scenes/${encodeURIComponent(scene.id)}?version=${version}` : "/scenes";
      const saved = await askText<Scene>(path, scene ? "PUT" : "POST", draft.text);
      await queries.invalidateQueries({ queryKey: ["scenes"] });
      queries.setQueryData(["scene", saved.id], saved);
      setVersion(saved.version);
      setNote({ good: true, text: tell("saved", saved.version) });
      letGo();
      if (!scene) location.hash = `#/scenes/${encodeURIComponent(saved.id)}`;
    } catch (error) {
      if (error instanceof Refused && (error.field || error.errors)) setProblems(refused({ ...error, detail: error.message }));
      setNote({ good: false, text: reason(error) });
    }
  };
  const remove = async (): Promise<void> => {
    if (!scene || !confirm(tell("removeSure"))) return;
    try {
      await ask(`/scenes/${encodeURIComponent(scene.id)}`, "DELETE");
    } catch (error) {
      setNote({ good: false, text: reason(error) });
      return;
    }
    letGo();
    await queries.invalidateQueries({ queryKey: ["scenes"] });
    location.hash = "#/scenes";
  };
  const text = (key: string): string => (typeof draft.said[key] === "string" ? (draft.said[key] as string) : "");
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="xs">
          <ActionIcon component="a" href="#/scenes" variant="subtle" aria-label={tell("leave")}>
            ←
          </ActionIcon>
          <Title order={1} size="h2">
            {called({ name: text("name"), names }) || tell("newScene")}
          </Title>
          {dirty ? <Badge color="yellow">{tell("unsaved")}</Badge> : null}
        </Group>
        <Group gap="xs" display={fixed ? "none" : undefined}>
          {scene ? (
            <Button variant="subtle" color="red" size="xs" onClick={() => void remove()}>
              {tell("remove")}
            </Button>
          ) : null}
          <Button size="sm" onClick={() => void save()} disabled={draft.wrong !== null || !dirty}>
            {tell("save")}
          </Button>
        </Group>
      </Group>
      {note ? (
        <Alert color={note.good ? "teal" : "red"} role={note.good ? "status" : "alert"} data-note={note.good ? "saved" : "refused"}>
          <Told text={note.text} />
        </Alert>
      ) : null}
      <div className="editor">
        <Editing.Provider value={editing}>
          <section aria-label={tell("sentences")}>
            {draft.wrong ? <Alert color="yellow">{tell("notShown")}</Alert> : null}
            <fieldset disabled={draft.wrong !== null || fixed} className="plain">
              <Group grow align="flex-start" gap="xs" preventGrowOverflow={false}>
                <TextInput size="xs" label={tell("name")} value={own.length > 1 ? names?.[lang] : text("name")} error={errorAt(problems, own.join("."))} onChange={(event) => rename(event.currentTarget.value)} />
                {scene ? null : <TextInput size="xs" label={tell("id")} value={text("id")} error={errorAt(problems, "id")} onChange={(event) => {
                  setNamed(true);
                  editing.change(["id"], event.currentTarget.value);
                }} />}
              </Group>
              <div className="says" style={{ marginBlock: 8 }}>
                <span>{tell("place")}</span>
                <PlaceField label={tell("place")} value={draft.said.place} wrong={Boolean(errorAt(problems, "place"))} set={(place) => editing.change(["place"], place)} />
                <span>{tell("mode")}</span>
                <NativeSelect className="blank" size="xs" aria-label={tell("mode")} value={text("mode") || "single"} data={MODES.map((one) => ({ value: one, label: tell(one) }))} onChange={(event) => editing.change(["mode"], event.currentTarget.value === "single" ? undefined : event.currentTarget.value)} />
                {draft.said.enabled === undefined ? null : <Switch size="xs" label={tell("enabled")} checked={draft.said.enabled === true} onChange={(event) => editing.change(["enabled"], event.currentTarget.checked)} />}
              </div>
              {(["when", "if", "then"] as const).map((section) => (
                <div key={section} className="section">
                  <Title order={2} size="h5">
                    {tell(section)}{" "}
                    <Text span size="xs" c="dimmed">
                      {section === "when" ? tell("whenHint") : section === "if" ? tell("ifHint") : tell("thenHint")}
                    </Text>
                  </Title>
                  {section !== "then" && !(Array.isArray(draft.said[section]) && draft.said[section].length) ? (
                    <Text size="sm" c="dimmed">
                      {tell(section === "when" ? "noWhen" : "noIf")}
                    </Text>
                  ) : null}
                  <Parts section={section} path={[section]} label={tell(section)} />
                </div>
              ))}
            </fieldset>
          </section>
        </Editing.Provider>
        <section aria-label={tell("text")}>
          <TextSide draft={draft} problems={problems} unchecked={unchecked} fixed={fixed} set={(text) => setDraft((now) => read(text, now.said))} />
        </section>
      </div>
      <Tabs defaultValue="past" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="past">{tell("past")}</Tabs.Tab>
          {scene ? <Tabs.Tab value="now">{tell("dry")}</Tabs.Tab> : null}
          {scene ? <Tabs.Tab value="traces">{tell("traces")}</Tabs.Tab> : null}
        </Tabs.List>
        <Tabs.Panel value="past" pt="sm">
          <InThePast text={draft.text} />
        </Tabs.Panel>
        {scene ? (
          <>
            <Tabs.Panel value="now" pt="sm">
              <Now id={scene.id} />
            </Tabs.Panel>
            <Tabs.Panel value="traces" pt="sm">
              <Traces id={scene.id} />
            </Tabs.Panel>
          </>
        ) : null}
      </Tabs>
    </Stack>
  );
}

function errorAt(problems: Problem[] | null, path: string) {
  const found = problems?.find((one) => one.severity === "error" && one.path === path);
  return found ? <Told text={amiss(found)} /> : undefined;
}

/** The text with its lines numbered; the one that something is wrong with is marked. */
function TextSide({ draft, problems, unchecked, fixed, set }: { draft: Draft; problems: Problem[] | null; unchecked: boolean; fixed: boolean; set: (text: string) => void }) {
  const numbers = useRef<HTMLDivElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const marks = new Map<number, string>();
  if (draft.wrong) for (const one of draft.wrong) marks.set(one.line, "error");
  else for (const one of problems ?? []) if (one.path) marks.set(lineOf(draft.text, one.path), one.severity);
  const count = draft.text.split("\n").length;
  const goTo = (line: number): void => {
    const lines = draft.text.split("\n");
    const from = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    area.current?.focus();
    area.current?.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  };
  return (
    <Stack gap="xs">
      <Title order={2} size="h5">
        {tell("text")}
      </Title>
      <div className="yaml">
        <div className="numbers" ref={numbers} aria-hidden>
          {Array.from({ length: count }, (_, index) => (
            <div key={index} className={marks.get(index + 1)}>
              {index + 1}
            </div>
          ))}
        </div>
        <textarea ref={area} readOnly={fixed} aria-label={tell("text")} spellCheck={false} wrap="off" rows={Math.max(12, count + 1)} value={draft.text} onChange={(event) => set(event.currentTarget.value)}
          onScroll={(event) => {
            if (numbers.current) numbers.current.scrollTop = event.currentTarget.scrollTop;
          }} />
      </div>
      {draft.wrong ? (
        <Alert color="red" role="alert">
          {draft.wrong.map((one) => (
            <div key={`${one.line} ${one.why}`}>
              <Button size="compact-xs" variant="subtle" onClick={() => goTo(one.line)}>
                {tell("lines", one.line)}
              </Button>{" "}
              {tell("badText")}
              {one.why ? `: ${one.why}` : ""}
            </div>
          ))}
        </Alert>
      ) : problems === null ? (
        <Text size="sm" c="dimmed" hidden={fixed}>
          {unchecked ? say("away") : tell("checking")}
        </Text>
      ) : problems.length === 0 ? (
        <Text size="sm" c="teal" data-checked="good">
          {tell("checked")}
        </Text>
      ) : (
        <Stack gap={2} data-checked="odd">
          {problems.map((one, index) => (
            <Text key={`${index} ${one.path}`} size="sm" c={one.severity === "error" ? "red" : one.severity === "warning" ? "orange" : "dimmed"}>
              <Button size="compact-xs" variant="subtle" onClick={() => goTo(lineOf(draft.text, one.path))}>
                {tell("lines", lineOf(draft.text, one.path))}
              </Button>{" "}
              <code>{one.path}</code> <Told text={amiss(one)} />
            </Text>
          ))}
        </Stack>
      )}
    </Stack>
  );
}

export function Traces({ id }: { id: string }) {
  const { data, error } = useQuery({ queryKey: ["trace", id], queryFn: () => ask<{ runs: Run[]; refusals: Refusal[]; triggers: Trigger[] }>(`/scenes/${encodeURIComponent(id)}/trace`), refetchInterval: EVERY_MS });
  const versions = useQuery({ queryKey: ["versions", id], queryFn: () => ask<{ items: { version: number; saved_at: string; saved_by: { id?: string } }[] }>(`/scenes/${encodeURIComponent(id)}/versions`) });
  if (!data) return <Waiting error={error} />;
  return (
    <Stack gap="sm">
      {data.runs.length ? <Runs runs={data.runs} open /> : <Text c="dimmed">{tell("noRuns")}</Text>}
      <Refusals refusals={data.refusals} />
      <Triggers triggers={data.triggers} />
      <details>
        <summary>{tell("versions")}</summary>
        <ul className="steps">
          {(versions.data?.items ?? []).map((one) => (
            <li key={one.version}>
              <Text size="sm">
                {one.version} · {when(one.saved_at)} · {one.saved_by.id}
              </Text>
            </li>
          ))}
        </ul>
      </details>
    </Stack>
  );
}
