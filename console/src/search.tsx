/** One key finds everything: things, scenes, places; and whatever is typed can be said to the assistant. */
import { Modal, NavLink, ScrollArea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useMemo, useState } from "react";
import { all, type Scene } from "./api";
import { useHub } from "./hub";
import { called, say } from "./words";

const MOST = 30;

interface Found {
  key: string;
  label: string;
  about: string;
  to: string;
}

export function Search({ close }: { close: () => void }) {
  const hub = useHub();
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const scenes = useQuery({ queryKey: ["scenes"], queryFn: () => all<Scene>("/scenes") });
  const found = useMemo(() => {
    const wanted = words.trim().toLowerCase();
    const items: Found[] = [];
    const add = (key: string, label: string, about: string, to: string, text: string): void => {
      if (items.length < MOST && wanted.split(/\s+/).every((word) => text.toLowerCase().includes(word))) items.push({ key, label, about, to });
    };
    for (const thing of hub.things.values()) add(thing.id, called(thing), hub.places.get(thing.place)?.name ?? "", `#/things/${encodeURIComponent(thing.id)}`, `${thing.id} ${thing.name} ${called(thing)} ${thing.model} ${thing.place}`);
    for (const place of hub.places.values()) add(`place ${place.id}`, called(place), say("place"), `#/places/${encodeURIComponent(place.id)}`, `${place.id} ${place.name} ${called(place)}`);
    for (const scene of scenes.data ?? []) add(`scene ${scene.id}`, scene.name, say("scenes"), `#/scenes/${encodeURIComponent(scene.id)}`, `${scene.id} ${scene.name}`);
    for (const page of ["scenes", "assistant", "alarms", "history", "dashboards", "people", "account", "audit"] as const) add(page, say(page), "", `#/${page}`, `${page} ${say(page)}`);
    for (const [page, word] of [["add", "addTitle"], ["welcome", "firstSteps"], ["phone", "phoneTitle"]] as const) add(page, say(word), "", `#/${page}`, `${page} ${say(word)}`);
    if (wanted) items.push({ key: "say", label: say("say", words.trim()), about: say("assistant"), to: `#/assistant?say=${encodeURIComponent(words.trim())}` });
    return items;
  }, [words, hub, hub.turn, scenes.data]);
  const go = (one: Found | undefined): void => {
    if (!one) return;
    location.hash = one.to;
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
  return (
    <Modal opened onClose={close} withCloseButton={false} padding="xs" size="lg" title={say("searchKey")} transitionProps={{ duration: 0 }}>
      <TextInput
        data-autofocus
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
        {found.map((one, index) => (
          <NavLink key={one.key} component="button" type="button" active={index === at} label={one.label} description={one.about} onClick={() => go(one)} />
        ))}
      </ScrollArea.Autosize>
    </Modal>
  );
}
