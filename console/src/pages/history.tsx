/** History and energy: rooms, days and machines beside each other; what was used; what was made. */
import { Group, MultiSelect, NativeSelect, SegmentedControl, Stack, Tabs, Title } from "@mantine/core";
import { useState } from "react";
import { type Span, SPANS } from "../board/figures";
import { Bars, Days, Energy, Line, Lines, useTraits } from "../board/widgets";
import { tell } from "../board/words";
import { useHub } from "../hub";
import { titleOf } from "../models";
import { called, say, useLang } from "../words";

const MOST = 12;
const WAYS = ["lines", "bars", "over"] as const;
type Way = (typeof WAYS)[number];

export function SpanField({ span, set }: { span: Span; set: (span: Span) => void }) {
  return <SegmentedControl size="xs" aria-label={tell("span")} value={span} onChange={(next) => set(next as Span)} data={(Object.keys(SPANS) as Span[]).map((one) => ({ value: one, label: say(one) }))} />;
}

/** Values of things to choose from. */
export function SeriesField({ keys, set, label }: { keys: string[]; set: (keys: string[]) => void; label: string }) {
  const hub = useHub();
  const data = [...hub.things.values()].map((thing) => ({ group: called(thing), items: Object.keys(thing.state).map((key) => ({ value: `${thing.id}\n${key}`, label: `${called(thing)}: ${titleOf(thing, key)}` })) })).filter((one) => one.items.length);
  const lacking = keys.filter((key) => !data.some((one) => one.items.some((item) => item.value === key)));
  return <MultiSelect comboboxProps={{ withinPortal: false }} size="xs" searchable hidePickedOptions maxValues={MOST} aria-label={label} placeholder={keys.length ? undefined : label} style={{ flex: 1, minWidth: 220 }} value={keys} data={[...data, ...(lacking.length ? [{ group: "–", items: lacking.map((key) => ({ value: key, label: key.replace("\n", ": ") })) }] : [])]} onChange={set} />;
}

export function HistoryPage({ first }: { first?: string }) {
  useLang();
  const hub = useHub();
  const traits = useTraits();
  const [keys, setKeys] = useState<string[]>(() => (first ? first.split("\t") : []));
  const [span, setSpan] = useState<Span>("day");
  const [way, setWay] = useState<Way>("lines");
  const [place, setPlace] = useState("");
  const places = [{ value: "", label: "–" }, ...[...hub.places.values()].map((one) => ({ value: one.id, label: called(one) }))];
  return (
    <Stack>
      <Title order={1} size="h2">
        {tell("history")}
      </Title>
      <Tabs defaultValue="compare" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="compare">{tell("compare")}</Tabs.Tab>
          <Tabs.Tab value="energy">{tell("energy")}</Tabs.Tab>
          <Tabs.Tab value="line">{tell("line")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="compare" pt="md">
          <Stack>
            <Group>
              <NativeSelect size="xs" aria-label={tell("trait")} value="" data={[{ value: "", label: `${tell("trait")} …` }, ...[...traits].sort(([, a], [, b]) => a.title.localeCompare(b.title)).map(([trait, one]) => ({ value: trait, label: `${one.title} (${one.keys.length})` }))]} onChange={(event) => setKeys((traits.get(event.currentTarget.value)?.keys ?? []).slice(0, MOST))} />
              <SeriesField keys={keys} set={setKeys} label={tell("series")} />
            </Group>
            <Group>
              <SegmentedControl size="xs" aria-label={tell("chart")} value={way} onChange={(next) => setWay(next as Way)} data={WAYS.map((one) => ({ value: one, label: tell(one) }))} />
              {way === "over" ? null : <SpanField span={span} set={setSpan} />}
            </Group>
            {way === "lines" ? <Lines keys={keys} span={span} name={`compare-${span}`} height={420} /> : way === "bars" ? <Bars keys={keys} span={span} height={420} /> : <Days keys={keys} height={420} />}
          </Stack>
        </Tabs.Panel>
        {(["energy", "line"] as const).map((tab) => (
          <Tabs.Panel key={tab} value={tab} pt="md">
            <Stack>
              <Group>
                <NativeSelect size="xs" aria-label={tell("place")} value={place} data={places} onChange={(event) => setPlace(event.currentTarget.value)} />
                <SpanField span={span} set={setSpan} />
              </Group>
              {tab === "energy" ? <Energy place={place || undefined} span={span} /> : <Line place={place || undefined} span={span} />}
            </Stack>
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  );
}
