/** Things and places as the hub knows them now: read once, then kept by the live view.
 *
 * The hub gathers changes of what nobody looks at; those of what is on the page come and are drawn at once. Only the cards of what
 * changed are drawn again.
 */
import { all, ask, Refused, token, whenSignedOut, type Me, type Place, type Thing, type Value } from "./api";
import { drop, keep, kept } from "./last";
import { type Document, learn } from "./models";
import { queries } from "./queries";
import { Signal, useSignal } from "./signal";
import { later } from "./soon";

const MOST = 5000;
const GATHER_MS = 500; // of what is not on the page
const LOOKED_MS = 50; // who scrolls looks at many things for a moment
const MOST_LOOKED = 500; // as the hub takes
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const READ_AGAIN_MS = 60_000;
const SETTLED_MS = 1500;
const SINGLY = 20; // things that are asked for one by one at a time: where more come at once, all are read

export type Link = "connecting" | "live" | "lost";
type Frame = { thing: string; changed?: Record<string, Value>; at: string; online?: boolean; there?: boolean; pong?: number; error?: { code: string; detail: string }; alarm?: unknown };

/** A thing as it is after what it told. */
function told(thing: Thing, frame: Frame | undefined): Thing {
  if (!frame?.changed) return thing;
  const next: Thing = { ...thing, state: { ...thing.state, ...frame.changed } };
  if (frame.online !== undefined) {
    next.online = frame.online;
    next.availability = frame.online ? "online" : "offline";
  }
  if (Object.keys(frame.changed).length) next.seen = frame.at;
  return next;
}

class Hub {
  things = new Map<string, Thing>();
  places = new Map<string, Place>();
  /** What whoever is signed in may, by place (see `rights.ts`); null until it is known. */
  may: Record<string, Record<string, number>> | null = null;
  /** The kinds of things of which what is risky is dangerous. */
  dangerous: readonly string[] = [];
  link: Link = "connecting";
  why = "";
  ready = false;
  /** What is shown is the last known state of this time, because the hub cannot be reached; "" when it is not so. */
  asOf = "";
  /** Counts what changed of the whole: which things there are, the link. */
  turn = 0;
  signedIn = token.get() !== null;

  readonly whole = new Signal();
  private readonly ofThing = new Map<string, Signal>();
  private readonly changed = new Set<string>();
  private gathering = false;
  private socket: WebSocket | null = null;
  private opening: ReturnType<typeof setTimeout> | undefined;
  private pause = FIRST_PAUSE_MS;
  /** The things that something on the page shows: the hub is told, so that theirs comes first. */
  private readonly looked = new Set<string>();
  private looking: ReturnType<typeof setTimeout> | undefined;
  /** Readings of all: how many were begun, and which of them is what is shown. */
  private loads = 0;
  private loaded = 0;
  private readonly fetching = new Set<string>();
  /** What is told while something is being read: by thing, for each reading. */
  private readonly heard = new Set<Map<string, Frame>>();
  private crowd: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    whenSignedOut((why) => this.leave(why));
    setInterval(() => {
      if (this.link === "live" && document.visibilityState === "visible") void this.load();
    }, READ_AGAIN_MS);
    if (this.signedIn) this.connect();
  }

  /** Tells of one thing. */
  thing(id: string): Signal {
    let signal = this.ofThing.get(id);
    if (!signal) {
      signal = new Signal((some) => {
        if (some) this.looked.add(id);
        else this.looked.delete(id);
        this.looking ??= setTimeout(() => this.look(), LOOKED_MS);
      });
      this.ofThing.set(id, signal);
    }
    return signal;
  }

  private look(): void {
    clearTimeout(this.looking);
    this.looking = undefined;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ first: [...this.looked].slice(0, MOST_LOOKED) }));
  }

  private tell(): void {
    this.turn++;
    this.whole.tell();
  }

  private touch(id: string): void {
    this.changed.add(id);
    if (this.gathering) return;
    this.gathering = true;
    queueMicrotask(() => {
      this.gathering = false;
      const ids = [...this.changed];
      this.changed.clear();
      for (const one of ids) this.ofThing.get(one)?.tell();
    });
  }

  enter(value: string): void {
    token.set(value);
    this.signedIn = true;
    this.why = "";
    this.tell();
    this.connect();
  }

  leave(why = ""): void {
    token.drop();
    this.signedIn = false;
    this.ready = false;
    this.why = why;
    this.things = new Map();
    this.may = null;
    this.asOf = "";
    drop();
    queries.clear();
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.tell();
  }

  async load(): Promise<void> {
    if (!this.signedIn) return; // it may have been meant for later, and who was here has left
    const turn = ++this.loads;
    try {
      // the first time with their models: one turn of a slow link instead of thirty
      const models = this.ready ? undefined : (part: { models?: Document[] }): void => learn(part.models ?? []);
      const [[read, places, me], heard] = await this.listening(() => Promise.all([all<Thing>(models ? "/things?models=true" : "/things", MOST, models), all<Place>("/places"), ask<Me>("/me")]));
      if (turn < this.loaded) return; // what was asked for later is here already
      this.loaded = turn;
      const things = read.map((thing) => told(thing, heard.get(thing.id)));
      const before = this.things;
      // what is as it was stays the same object, so that its card is not drawn again
      const same = (thing: Thing): Thing => {
        const known = before.get(thing.id);
        return known && JSON.stringify(known) === JSON.stringify(thing) ? known : thing;
      };
      this.things = new Map(things.map((thing) => [thing.id, same(thing)]));
      this.places = new Map(places.map((place) => [place.id, place]));
      this.may = me.may ?? null;
      this.dangerous = me.dangerous ?? [];
      queries.setQueryData(["me"], me);
      this.ready = true;
      this.asOf = "";
      later(() => this.signedIn && keep(things, places));
      for (const id of new Set([...before.keys(), ...this.things.keys()])) this.touch(id);
      this.tell();
      // what was read may be from before that
      for (const [id, frame] of heard) if (frame.there !== undefined) this.renew(id, frame.there);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "not_signed_in") this.tell();
    }
  }

  /** Reads, with what was told meanwhile: that may be newer than what was read. */
  private async listening<T>(read: () => Promise<T>): Promise<[T, Map<string, Frame>]> {
    const heard = new Map<string, Frame>();
    this.heard.add(heard);
    try {
      return [await read(), heard];
    } finally {
      this.heard.delete(heard);
    }
  }

  /** It was added or is another than it was, or it is no more. */
  private renew(id: string, there: boolean): void {
    if (there) this.meet(id);
    else if (this.things.delete(id)) {
      this.touch(id);
      this.tell();
    }
  }

  /** Something tells that is not known here, or is another than it was. */
  private meet(id: string): void {
    if (!this.ready || (this.things.size >= MOST && !this.things.has(id))) return; // what is being read has it
    if (this.fetching.size < SINGLY) void this.learn(id);
    else
      this.crowd ??= setTimeout(() => {
        this.crowd = undefined;
        void this.load();
      }, SETTLED_MS);
  }

  /** Reads one thing. False: the hub says that there is none. */
  async learn(id: string): Promise<boolean> {
    if (this.fetching.has(id)) return true;
    let there = true;
    let again = false;
    this.fetching.add(id);
    try {
      const [thing, heard] = await this.listening(() => ask<Thing>(`/things/${encodeURIComponent(id)}`));
      const moved = this.things.get(id)?.place !== thing.place; // or it is new
      again = heard.get(id)?.there === true;
      this.things.set(id, told(thing, heard.get(id)));
      if (!this.places.has(thing.place)) void this.load(); // it stands in a new one
      if (moved) this.tell();
    } catch (error) {
      there = !(error instanceof Refused && error.code === "not_found");
      if (!there && this.things.delete(id)) this.tell();
    } finally {
      this.fetching.delete(id);
    }
    this.touch(id);
    if (again) void this.learn(id);
    return there;
  }

  private take(frame: Frame): void {
    if (frame.error) {
      if (frame.error.code === "not_signed_in") this.leave(frame.error.detail);
      return;
    }
    const { thing: id, changed, there } = frame;
    if (!changed && there === undefined) return;
    for (const heard of this.heard) {
      const before = heard.get(id);
      heard.set(id, { ...before, ...frame, changed: { ...before?.changed, ...changed } });
    }
    if (there !== undefined) this.renew(id, there);
    if (!changed) return;
    const thing = this.things.get(id);
    if (!thing) {
      this.meet(id);
      return;
    }
    if (frame.online === false && thing.sleep_s) void this.learn(id);
    this.things.set(id, told(thing, frame));
    this.touch(id);
    // told for the first time: pages that choose by what things tell look again
    if (Object.keys(changed).some((key) => !(key in thing.state))) this.tell();
  }

  /** The page goes, or the hub: what was seen last is what is shown while it is away. */
  keepLast(): void {
    if (this.signedIn && this.ready && !this.asOf && this.link === "live") keep([...this.things.values()], [...this.places.values()], true);
  }

  /** The hub was never reached since this page was opened: what it said last time, as such. */
  private remember(): void {
    const last = kept();
    if (!last) return;
    this.things = new Map(last.things.map((thing) => [thing.id, thing]));
    this.places = new Map(last.places.map((place) => [place.id, place]));
    this.ready = true;
    this.asOf = last.at;
  }

  private connect(): void {
    this.link = "connecting";
    this.tell();
    const first = this.ready ? null : this.load(); // beside the live view, which is a few turns more; what changes meanwhile is read again
    clearTimeout(this.opening);
    this.opening = setTimeout(() => this.signedIn && this.open(first)); // what is drawn first comes first
  }

  private open(first: Promise<void> | null): void {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live`);
    this.socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify({ token: token.get() }));
      socket.send(JSON.stringify({ gather_ms: GATHER_MS }));
      this.look();
      socket.send(JSON.stringify({ subscribe: {} }));
      socket.send(JSON.stringify({ ping: 1 }));
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      const frame = JSON.parse(event.data) as Frame | Frame[];
      if (Array.isArray(frame)) {
        for (const one of frame) this.take(one);
        return;
      }
      if (frame.pong === undefined) {
        this.take(frame);
        return;
      }
      this.link = "live";
      this.pause = FIRST_PAUSE_MS;
      // what is read beside the live view's beginning is read once more, when the page has been drawn
      void (first ?? Promise.resolve()).then(() => {
        if (first && this.ready && !this.asOf) setTimeout(() => void this.load(), SETTLED_MS);
        else void this.load();
      });
      this.tell();
    };
    socket.onclose = () => {
      if (this.socket !== socket || !this.signedIn) return;
      this.keepLast();
      this.link = "lost";
      if (!this.ready) this.remember();
      for (const [id, thing] of this.things) {
        this.things.set(id, { ...thing, availability: "unknown" });
        this.touch(id);
      }
      this.tell();
      setTimeout(() => {
        if (this.signedIn) this.connect();
      }, this.pause);
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
    };
  }
}

export const hub = new Hub();
addEventListener("pagehide", () => hub.keepLast());

/** The whole: drawn again when things come or go, or the link changes. */
export const useHub = (): Hub => {
  useSignal(hub.whole, () => hub.turn);
  return hub;
};

export const useThing = (id: string): Thing | undefined => useSignal(hub.thing(id), () => hub.things.get(id));
