/** One key finds everything: things, scenes, places, pages and single settings; and whatever is typed can be said to the assistant. */
import { NavLink, ScrollArea, TextInput, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import { all, type Scene } from "./api";
import { Dialog } from "./dialog";
import { useHub } from "./hub";
import { signOut } from "./signout";
import { called, language, say, setLang, type Word } from "./words";

const MOST = 30;
const MOST_OF_A_KIND = 12;

/** Single settings and parts of pages: where each is, what it is called, and what it belongs to. */
const PARTS: [string, Word, Word][] = [
  ["account/password", "changePassword", "account"],
  ["account/authenticator", "totp", "account"],
  ["account/passkeys", "passkeys", "account"],
  ["account/sessions", "sessions", "account"],
  ["account/tokens", "tokens", "account"],
  ["account/elsewhere", "elsewhere", "account"],
  ["people/give", "giveRole", "people"],
  ["people/invite", "inviteSomebody", "people"],
  ["phone/push", "pushTitle", "phoneTitle"],
  ["phone/app", "installTitle", "phoneTitle"],
  ["phone/thing", "selfTitle", "phoneTitle"],
  ["phone/scan", "scanTitle", "phoneTitle"],
  ["scenes/new", "newScene", "scenes"],
  ["blueprints", "fromBlueprint", "scenes"],
];

interface Found {
  kind: string;
  /** How near it is to what was typed: 0 is the thing itself. */
  near: number;
  key: string;
  label: string;
  about: string;
  to: string;
  act?: () => void;
}

/** The name itself, its beginning, the beginning of a word of it, somewhere in it, or only in what else is known of it; null where it
 * is not meant. */
function nearness(wanted: string, parts: string[], label: string, text: string): number | null {
  if (!parts.every((part) => text.includes(part))) return null;
  if (label === wanted) return 0;
  if (label.startsWith(wanted)) return 1;
  if (parts.every((part) => label.split(/[\s_.-]+/).some((word) => word.startsWith(part)))) return 2;
  return parts.every((part) => label.includes(part)) ? 3 : 4;
}

/** The nearest first, and not so many of one kind that another one has no room: a thousand lamps leave the scenes in sight. */
function nearest(items: Found[]): Found[] {
  const sorted = items.sort((a, b) => a.near - b.near);
  const count = new Map<string, number>();
  const some: Found[] = [];
  const others: Found[] = [];
  for (const one of sorted) {
    const before = count.get(one.kind) ?? 0;
    count.set(one.kind, before + 1);
    (before < MOST_OF_A_KIND ? some : others).push(one);
  }
  const chosen = new Set([...some, ...others].slice(0, MOST));
  return sorted.filter((one) => chosen.has(one));
}

export function Search({ close }: { close: () => void }) {
  const hub = useHub();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const scenes = useQuery({ queryKey: ["scenes"], queryFn: () => all<Scene>("/scenes") });
  const boards = useQuery({ queryKey: ["dashboards"], queryFn: () => all<{ id: string; name: string }>("/dashboards") });
  const found = useMemo(() => {
    const wanted = words.trim().toLowerCase();
    const parts = wanted.split(/\s+/);
    const items: Found[] = [];
    const add = (kind: string, key: string, label: string, about: string, to: string, text: string, act?: () => void): void => {
      const near = nearness(wanted, parts, label.toLowerCase(), text.toLowerCase());
      if (near !== null) items.push({ kind, near, key, label, about, to, act });
    };
    for (const thing of hub.things.values()) {
      const place = hub.places.get(thing.place);
      add("thing", thing.id, called(thing), place ? called(place) : "", `#/things/${encodeURIComponent(thing.id)}`, `${thing.id} ${thing.name} ${called(thing)} ${thing.model} ${thing.place} ${place ? `${place.name} ${called(place)}` : ""}`);
    }
    for (const place of hub.places.values()) add("place", `place ${place.id}`, called(place), say("place"), `#/places/${encodeURIComponent(place.id)}`, `${place.id} ${place.name} ${called(place)}`);
    for (const scene of scenes.data ?? []) add("scene", `scene ${scene.id}`, called(scene), say("scenes"), `#/scenes/${encodeURIComponent(scene.id)}`, `${scene.id} ${scene.name} ${called(scene)}`);
    for (const board of boards.data ?? []) add("board", `board ${board.id}`, board.name, say("dashboards"), `#/dashboards/${encodeURIComponent(board.id)}`, `${board.id} ${board.name}`);
    for (const page of ["scenes", "assistant", "alarms", "history", "dashboards", "people", "account", "audit"] as const) add("page", page, say(page), "", `#/${page}`, `${page} ${say(page)}`);
    for (const [page, word] of [["add", "addTitle"], ["welcome", "firstSteps"], ["phone", "phoneTitle"], ["accounts", "allPeople"]] as const) add("page", page, say(word), "", `#/${page}`, `${page} ${say(word)}`);
    for (const [to, word, about] of PARTS) add("page", to, say(word), say(about), `#/${to}`, `${to} ${say(word)} ${say(about)} ${say("settings")}`);
    for (const [word, act] of [["theme", () => setColorScheme(dark ? "light" : "dark")], ["language", () => setLang(language() === "zh" ? "en" : "zh")], ["signOut", () => void signOut()]] as const)
      add("page", `do ${word}`, say(word), say("settings"), "", `${word} ${say(word)} ${say("settings")}`, act);
    const best = nearest(items);
    if (wanted) best.push({ kind: "say", near: 0, key: "say", label: say("say", words.trim()), about: say("assistant"), to: `#/assistant?say=${encodeURIComponent(words.trim())}` });
    return best;
  }, [words, hub, hub.turn, scenes.data, boards.data, dark]);
  const go = (one: Found | undefined): void => {
    if (!one) return;
    if (one.act) one.act();
    else location.hash = one.to;
    setWords("");
    close();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((now) => (now + step + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter") go(found[at]);
  };
  useEffect(() => {
    document.getElementById(`found-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return (
    <Dialog leave={close} title={say("searchKey")} wide>
      <TextInput
        data-autofocus
        role="combobox"
        aria-expanded
        aria-controls="found"
        aria-activedescendant={found.length ? `found-${at}` : undefined}
        aria-label={say("search")}
        placeholder={say("search")}
        value={words}
        onKeyDown={onKey}
        onChange={(event) => {
          setWords(event.currentTarget.value);
          setAt(0);
        }}
      />
      <ScrollArea.Autosize mah={400} mt="xs">
        <div role="listbox" id="found" aria-label={say("searchKey")}>
          {found.map((one, index) => (
            <NavLink key={one.key} id={`found-${index}`} role="option" aria-selected={index === at} tabIndex={-1} component="button" type="button" active={index === at} label={one.label} description={one.about} onClick={() => go(one)} />
          ))}
        </div>
      </ScrollArea.Autosize>
    </Dialog>
  );
}
