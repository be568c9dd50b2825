/** This browser: a safe connection, as an app, told of what happens, and a thing of its own. */
import { Alert, Anchor, Button, Card, Checkbox, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { renderSVG } from "uqr";
import { ask, Refused } from "../api";
import { firstPlace, NoPlace, PlaceSelect } from "../adding/places";
import { hub, useHub } from "../hub";
import { Scan } from "../scan";
import { be, begin, level, trouble, useSelf } from "../self";
import { useStatus } from "../status";
import { useShown } from "../shown";
import { reason, Told, Trouble, useDoing } from "../trouble";
import { say, useLang, type Word } from "../words";
import { canPush, subscribe, unsubscribe } from "../worker";

interface Prompt extends Event {
  prompt: () => Promise<void>;
}
let offered: Prompt | null = null;
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offered = event as Prompt;
});


export function PhonePage({ at }: { at?: string }) {
  useShown(at, true);
  useLang();
  return (
    <Stack gap="md" maw={640} mx="auto">
      <Title order={1} size="h2">
        {say("phoneTitle")}
      </Title>
      <Text c="dimmed">{say("phoneText")}</Text>
      <Part id="safe" title={say("secureTitle")}>
        <Secure />
      </Part>
      <Part id="app" title={say("installTitle")}>
        <Install />
      </Part>
      <Part id="push" title={say("pushTitle")}>
        <Push />
      </Part>
      <Part id="thing" title={say("selfTitle")}>
        <Itself />
      </Part>
      <Part id="scan" title={say("scanTitle")}>
        <Text size="sm" c="dimmed" mb="xs">
          {say("scanText")}
        </Text>
        <Scan />
      </Part>
    </Stack>
  );
}

const Part = ({ id, title, children }: { id: string; title: string; children: ReactNode }) => (
  <Card withBorder component="section" aria-label={title} id={id} tabIndex={-1}>
    <Title order={2} size="h4" mb="xs">
      {title}
    </Title>
    {children}
  </Card>
);

const LOCAL = ["127.0.0.1", "localhost", "[::1]"];

/** The address of the hub's safe door, as this browser would reach it. */
function safeAddress(doors: Record<string, string> | undefined): string | null {
  const door = doors?.https;
  if (!door) return null;
  const at = door.lastIndexOf(":");
  const host = door.slice(0, at);
  const own = LOCAL.includes(host) || LOCAL.includes(location.hostname) ? host : location.hostname;
  return `https://${own}${door.slice(at)}`;
}

function Secure() {
  const status = useStatus();
  const safe = safeAddress(status?.doors);
  if (location.protocol === "https:") return <Text>{say("secureYes")}</Text>;
  // the hub's own machine: what the browser allows on a safe connection, it allows here
  const own = isSecureContext;
  if (own && (!safe || LOCAL.includes(new URL(safe).hostname)))
    return (
      <Stack gap="xs">
        <Text size="sm">{say("secureOwn")}</Text>
        <Text size="sm" c="dimmed">
          {say("thisMachine")}
        </Text>
      </Stack>
    );
  if (!safe) return null;
  const trust = `${safe}/trust`;
  return (
    <Stack gap="xs">
      <Text size="sm">{own ? `${say("secureOwn")} ${say("securePhone")}` : `${say("secureNo")} ${say("securePhone")}`}</Text>
      <img className="qr" src={`data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(trust))}`} alt={trust} width={180} height={180} />
      <Text size="sm" className="wrap">
        {trust}
      </Text>
      <Anchor href="/trust" size="sm">
        {say("trustPage")}
      </Anchor>
    </Stack>
  );
}

function Install() {
  const [ready, setReady] = useState(offered !== null);
  useEffect(() => {
    const come = (): void => setReady(true);
    addEventListener("beforeinstallprompt", come);
    return () => removeEventListener("beforeinstallprompt", come);
  }, []);
  if (matchMedia("(display-mode: standalone)").matches) return <Text>{say("installed")}</Text>;
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {say("installText")}
      </Text>
      {ready ? (
        <div>
          <Button variant="light" onClick={() => void offered?.prompt().then(() => setReady(false))}>
            {say("install")}
          </Button>
        </div>
      ) : (
        <Text size="sm">{say("installHow")}</Text>
      )}
    </Stack>
  );
}

const CHANNEL = "unisono.push"; // the id by which the hub knows this browser

function Push() {
  const [channel, setChannel] = useState(() => localStorage.getItem(CHANNEL));
  const doing = useDoing();
  const [said, setSaid] = useState("");
  const path = `/me/channels/${encodeURIComponent(channel ?? "")}`;
  // the hub removes a browser that has given its subscription up, and people remove it elsewhere
  useEffect(() => {
    if (!channel) return;
    void ask<{ items: { id: string }[] }>("/me/channels").then(({ items }) => {
      if (!items.some((each) => each.id === channel)) known(null);
    }, () => undefined);
  }, []);
  const known = (id: string | null): void => {
    if (id) localStorage.setItem(CHANNEL, id);
    else localStorage.removeItem(CHANNEL);
    setChannel(id);
  };
  if (!canPush())
    return (
      <Text size="sm" c="dimmed">
        {say("pushNone")}
      </Text>
    );
  const run = async (what: () => Promise<unknown>, word: Word): Promise<void> => {
    setSaid("");
    if (await doing.run(what)) setSaid(say(word));
  };
  const begin = async (): Promise<void> => {
    if ((await Notification.requestPermission()) !== "granted") throw new Error(say("pushDenied"));
    const { key } = await ask<{ key: string }>("/push/key");
    const name = navigator.userAgent.replace(/^.*(Firefox|Edg|Chrome|Safari)\/([\d.]+).*$/, "$1 $2").slice(0, 60);
    known((await ask<{ id: string }>("/me/push", "POST", { ...(await subscribe(key)), name })).id);
  };
  const stop = async (): Promise<void> => {
    await ask(path, "DELETE").catch((error: unknown) => {
      if (!(error instanceof Refused) || error.code !== "not_found") throw error;
    });
    await unsubscribe();
    known(null);
  };
  return (
    <Stack gap="xs" data-push={channel ?? ""}>
      {channel ? (
        <Group>
          <Button variant="light" loading={doing.busy} onClick={() => void run(() => ask(`${path}/test`, "POST"), "pushSent")}>
            {say("pushTest")}
          </Button>
          <Button variant="default" loading={doing.busy} onClick={() => void run(stop, "pushOff")}>
            {say("pushStop")}
          </Button>
        </Group>
      ) : (
        <div>
          <Button variant="light" loading={doing.busy} onClick={() => void run(begin, "pushDone")}>
            {say("pushOn")}
          </Button>
        </div>
      )}
      {said ? (
        <Text size="sm" role="status">
          {said}
        </Text>
      ) : null}
      <Trouble why={doing.why} />
    </Stack>
  );
}

function Itself() {
  useHub();
  const me = useSelf();
  const [name, setName] = useState(() => say("thePhone"));
  const [place, setPlace] = useState<string | null>(null);
  const [why, setWhy] = useState("");
  useEffect(() => void begin(), []);
  const where = place ?? firstPlace();
  const add = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    try {
      const made = await ask<{ id: string; name: string; secret: string }>("/things", "POST", { name: name.trim(), model: "phone", place: where });
      be({ id: made.id, name: made.name, secret: made.secret, position: false });
      await hub.load();
    } catch (error) {
      setWhy(reason(error));
    }
  };
  const charge = level();
  const known = (
    <Text size="sm" c="dimmed">
      {charge === null ? say("noBattery") : say("batteryIs", charge)}
    </Text>
  );
  if (me)
    return (
      <Stack gap="xs" data-self={me.id}>
        <Anchor href={`#/things/${encodeURIComponent(me.id)}`}>{say("selfIs", me.name)}</Anchor>
        {known}
        <Checkbox label={say("selfPosition")} checked={me.position} disabled={!isSecureContext || !("geolocation" in navigator)} onChange={(event) => be({ ...me, position: event.currentTarget.checked })} />
        {trouble ? (
          <Alert color="yellow" role="status">
            {say(trouble)}
          </Alert>
        ) : null}
        <div>
          <Button variant="default" size="xs" onClick={() => be(null)}>
            {say("selfLeave")}
          </Button>
        </div>
      </Stack>
    );
  return (
    <Stack component="form" gap="xs" onSubmit={(event) => void add(event as unknown as FormEvent)}>
      <Text size="sm" c="dimmed">
        {say("selfText")}
      </Text>
      {known}
      {why ? (
        <Alert color="red" role="alert">
          <Told text={why} />
        </Alert>
      ) : null}
      <NoPlace />
      <TextInput label={say("name")} value={name} required maxLength={200} onChange={(event) => setName(event.currentTarget.value)} />
      <PlaceSelect label={say("room")} value={where} set={setPlace} />
      <div>
        <Button type="submit" variant="light" disabled={!where}>
          {say("selfAdd")}
        </Button>
      </div>
    </Stack>
  );
}
