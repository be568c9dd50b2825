/** What a kind of thing looks like: a dial, a tank, the way a value went, a car on its map. Small pictures without a
 * library; what each shows is said in words too, and all of it is what was reported. */
import { Button, Group, Text, useComputedColorScheme } from "@mantine/core";
import { useIntersection } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { ask, type Thing } from "./api";
import { allowed, Became, useAsking } from "./control";
import type { Model, Property } from "./models";
import { titled, written } from "./models";
import { called, say } from "./words";

interface Face {
  thing: Thing;
  model: Model;
}

const trait = (model: Model, name: string): Property | undefined => [...model.properties.values()].find((one) => one.trait === name);
const number = (thing: Thing, property: Property | undefined): number | null => {
  const value = property ? thing.state[property.key]?.value : undefined;
  return typeof value === "number" ? value : null;
};

const PICTURES: [RegExp, (face: Face) => React.ReactNode][] = [
  [/^(climate|floor_heating)$/, (face) => <Dial {...face} />],
  [/^(cover|garage_door|window)$/, (face) => <Cover {...face} />],
  [/^(media|speaker|tv)$/, (face) => <Playback {...face} />],
  [/^(vacuum|mower)$/, (face) => <Dock {...face} />],
  [/^sensor(\.|$)/, (face) => <Trend {...face} />],
  [/^tank$/, (face) => <Level {...face} />],
  [/^(machine|press|packager|conveyor|compressor|robot)$/, (face) => <Oee {...face} />],
  [/^(camera|doorbell)$/, (face) => <Still {...face} />],
  [/^car$/, (face) => <Car {...face} />],
];

export function Picture({ thing, model }: Face) {
  const found = PICTURES.find(([kind]) => kind.test(model.kind ?? ""));
  return found ? <>{found[1]({ thing, model })}</> : null;
}

const DIAL = 270;
const point = (part: number, radius: number): [number, number] => {
  const angle = ((135 + DIAL * part) * Math.PI) / 180;
  return [50 + radius * Math.cos(angle), 50 + radius * Math.sin(angle)];
};
function arc(from: number, to: number, radius: number): string {
  const [x0, y0] = point(from, radius);
  const [x1, y1] = point(to, radius);
  return `M${x0} ${y0} A${radius} ${radius} 0 ${(to - from) * DIAL > 180 ? 1 : 0} 1 ${x1} ${y1}`;
}

function Dial({ thing, model }: Face) {
  const target = trait(model, "target_temperature");
  const now = trait(model, "temperature");
  const wanted = number(thing, target);
  const value = number(thing, now);
  if (wanted === null) return null;
  const low = target?.schema.min ?? 5;
  const high = target?.schema.max ?? 35;
  const part = (one: number): number => Math.min(1, Math.max(0, (one - low) / (high - low)));
  const [x, y] = point(part(wanted), 42);
  return (
    <svg viewBox="0 0 100 84" className="dial" role="img" aria-label={say("dial", written(value, now)).replace("{}", written(wanted, target))}>
      <path d={arc(0, 1, 42)} className="track" />
      {value === null ? null : <path d={arc(0, Math.max(0.01, part(value)), 42)} className="now" />}
      <circle cx={x} cy={y} r={4.5} className="mark" />
      <text x={50} y={56} textAnchor="middle">
        {written(wanted, target)}
      </text>
    </svg>
  );
}

function Cover({ thing, model }: Face) {
  const asking = useAsking(thing);
  const position = trait(model, "position");
  const value = number(thing, position);
  if (!position || value === null) return null;
  const risky = position.risky; // a garage door asks once more: that is what its slider does
  const stop = [...model.actions.values()].find((one) => one.key === "stop" || one.key.endsWith(".stop"));
  return (
    <Group gap="xs" wrap="nowrap">
      <svg viewBox="0 0 40 32" className="cover" role="img" aria-label={`${titled(position)}: ${written(value, position)}`}>
        <rect x={1} y={1} width={38} height={30} className="track" />
        <rect x={2} y={2} width={36} height={Math.max(1, 28 * (1 - value / 100))} className="now" />
      </svg>
      {risky || !allowed(thing, position) ? null : (
        <Button.Group>
          <Button size="compact-xs" variant="default" aria-label={`${say("openIt")}: ${called(thing)}`} onClick={() => asking.set(position, 100)}>
            ▲
          </Button>
          {stop ? (
            <Button size="compact-xs" variant="default" aria-label={`${say("halt")}: ${called(thing)}`} onClick={() => asking.call(stop, say("halt"), position.key)}>
              ■
            </Button>
          ) : null}
          <Button size="compact-xs" variant="default" aria-label={`${say("closeIt")}: ${called(thing)}`} onClick={() => asking.set(position, 0)}>
            ▼
          </Button>
        </Button.Group>
      )}
      {asking.dialog}
    </Group>
  );
}

function Playback({ thing, model }: Face) {
  const asking = useAsking(thing);
  const playback = trait(model, "playback");
  if (!playback?.access?.includes("write") || !allowed(thing, playback)) return null;
  const playing = thing.state[playback.key]?.value === "play";
  const buttons = [["previous", "⏮"], playing ? (["pause", "⏸"] as const) : (["play", "▶"] as const), ["next", "⏭"]] as const;
  return (
    <div>
      <Button.Group>
        {buttons.map(([word, sign]) => (
          <Button key={word} size="compact-sm" variant="default" aria-label={`${say(word)}: ${called(thing)}`} onClick={() => asking.set(playback, word)}>
            {sign}
          </Button>
        ))}
      </Button.Group>
      <Became thing={thing.id} what={playback.key} />
      {asking.dialog}
    </div>
  );
}

function Dock({ thing, model }: Face) {
  const asking = useAsking(thing);
  const dock = [...model.actions.values()].find((one) => one.trait === "dock" || one.key === "dock");
  if (!dock) return null;
  return (
    <div>
      <Button size="compact-sm" variant="default" aria-label={`${say("dock")}: ${called(thing)}`} onClick={() => asking.call(dock, say("dock"))}>
        {say("dock")}
      </Button>
      <Became thing={thing.id} what={dock.key} />
      {asking.dialog}
    </div>
  );
}

const TREND_MS = 6 * 3_600_000;
const TREND_POINTS = 60;
const AGAIN_MS = 120_000;

/** The way a sensor's first number went; asked for when it is first seen. */
function Trend({ thing, model }: Face) {
  const { ref, entry } = useIntersection<HTMLDivElement>();
  const property = [...model.properties.values()].find((one) => typeof thing.state[one.key]?.value === "number" && one.trait !== "battery" && one.trait !== "signal");
  const { data } = useQuery({
    queryKey: ["trend", thing.id, property?.key],
    enabled: property !== undefined && entry?.isIntersecting === true,
    staleTime: AGAIN_MS,
    refetchInterval: AGAIN_MS,
    queryFn: async () => (await ask<{ points: { at: string; mean: number | null }[] }>(`/things/${encodeURIComponent(thing.id)}/history?property=${encodeURIComponent(property!.key)}&from=-6h&points=${TREND_POINTS}`)).points,
  });
  if (!property) return null;
  const end = Date.now();
  const points = (data ?? []).flatMap((one) => (one.mean === null ? [] : [[Date.parse(one.at), one.mean] as const]));
  const values = points.map(([, value]) => value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const drawn = points.map(([at, value]) => `${(100 * (1 - (end - at) / TREND_MS)).toFixed(1)},${(26 - 24 * (high > low ? (value - low) / (high - low) : 0.5)).toFixed(1)}`).join(" ");
  const told = points.length ? `${say("trend", "6 h")}: ${written(low, property)} – ${written(high, property)}` : say("trend", "6 h");
  return (
    <div ref={ref}>
      <svg viewBox="0 0 100 28" preserveAspectRatio="none" className="trend" role="img" aria-label={told} data-points={points.length}>
        {points.length > 1 ? <polyline points={drawn} /> : null}
      </svg>
    </div>
  );
}

function Level({ thing, model }: Face) {
  const level = trait(model, "level");
  const value = number(thing, level);
  if (value === null) return null;
  const height = 44 * Math.min(1, Math.max(0, value / 100));
  return (
    <svg viewBox="0 0 60 50" className="tank" role="img" aria-label={say("filled", written(value, level))}>
      <rect x={6} y={2} width={48} height={46} rx={5} className="track" />
      <rect x={7} y={47 - height} width={46} height={height} rx={4} className="now" />
    </svg>
  );
}

function Oee({ thing, model }: Face) {
  const oee = trait(model, "oee");
  const value = number(thing, oee);
  const rates = [trait(model, "rate"), trait(model, "cycle_time")].filter((one) => number(thing, one) !== null);
  if (value === null && !rates.length) return null;
  const part = Math.min(1, Math.max(0, (value ?? 0) / 100));
  return (
    <Group gap="xs" wrap="nowrap">
      {value === null ? null : (
        <svg viewBox="0 0 100 84" className="dial small" role="img" aria-label={`${say("oee")}: ${written(value, oee)}`}>
          <path d={arc(0, 1, 42)} className="track" />
          <path d={arc(0, Math.max(0.01, part), 42)} className="now" />
          <text x={50} y={58} textAnchor="middle">
            {written(value, oee)}
          </text>
        </svg>
      )}
      {rates.map((rate) => (
        <Text key={rate!.key} size="sm">
          {titled(rate!)}: <b>{written(number(thing, rate), rate)}</b>
        </Text>
      ))}
    </Group>
  );
}

/** Only a picture that came as a value: the console asks nobody else for anything. */
function Still({ thing, model }: Face) {
  const found = [...model.properties.values()].map((one) => thing.state[one.key]?.value).find((value) => typeof value === "string" && value.startsWith("data:image/"));
  return found ? (
    <img src={String(found)} alt={`${say("still")}: ${called(thing)}`} className="still" />
  ) : (
    <div className="still none">
      <Text size="sm" c="dimmed">
        {say("noStill")}
      </Text>
    </div>
  );
}

const TILE_M = 2000;
const METRES_PER_DEGREE = 111_320;

function Car({ thing, model }: Face) {
  const battery = trait(model, "battery");
  const charge = number(thing, battery);
  const doors = [...model.properties.values()].filter((one) => one.trait === "door" && one.key in thing.state);
  const open = doors.filter((one) => thing.state[one.key]?.value === "open");
  const place = trait(model, "location");
  const where = place ? (thing.state[place.key]?.value as { lat?: number; lon?: number } | undefined) : undefined;
  return (
    <>
      {charge === null ? null : (
        <svg viewBox="0 0 100 10" className="battery" preserveAspectRatio="none" role="img" aria-label={`${titled(battery!)}: ${written(charge, battery)}`}>
          <rect x={0} y={0} width={100} height={10} className="track" />
          <rect x={0} y={0} width={charge} height={10} className={charge < 20 ? "low" : "now"} />
        </svg>
      )}
      {doors.length ? <Text size="xs">{open.length ? say("doorOpen", open.map(titled).join(", ")) : `${titled(doors[0]!)}: ${say("doorsShut")}`}</Text> : null}
      {typeof where?.lat === "number" && typeof where.lon === "number" ? <PlainMap lat={where.lat} lon={where.lon} text={written(where, place)} /> : null}
    </>
  );
}

/** A position on a plain ground of two kilometres, with a line every five hundred metres: no map of anybody's. */
function PlainMap({ lat, lon, text }: { lat: number; lon: number; text: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = useComputedColorScheme("light") === "dark";
  useEffect(() => {
    const pen = canvas.current?.getContext("2d");
    if (!pen) return;
    const { width, height } = pen.canvas;
    pen.fillStyle = dark ? "#25262b" : "#eef3f0";
    pen.fillRect(0, 0, width, height);
    const scale = width / TILE_M;
    const x = lon * METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
    const y = lat * METRES_PER_DEGREE;
    pen.strokeStyle = dark ? "#484a50" : "#c3cfc9";
    for (let line = 0; line <= TILE_M; line += 500) {
      const left = (line - (((x % 500) + 500) % 500)) * scale;
      const top = (line + (((y % 500) + 500) % 500)) * scale;
      pen.beginPath();
      pen.moveTo(left, 0);
      pen.lineTo(left, height);
      pen.moveTo(0, top % (500 * scale * 4));
      pen.lineTo(width, top % (500 * scale * 4));
      pen.stroke();
    }
    pen.fillStyle = dark ? "#3fd9a8" : "#0b7a5c";
    pen.beginPath();
    pen.arc(width / 2, height / 2, 7, 0, 2 * Math.PI);
    pen.fill();
    pen.font = "12px system-ui";
    pen.fillStyle = dark ? "#d5d7da" : "#333";
    pen.fillText("500 m", 8, height - 8);
    pen.fillRect(46, height - 12, 500 * scale, 2);
  }, [lat, lon, dark]);
  return <canvas ref={canvas} width={520} height={150} className="map" role="img" aria-label={say("map", text)} data-map={text} />;
}
