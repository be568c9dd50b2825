/** The frame: header, places of the console, and which page is open (it stands after the # of the address). */
import { ActionIcon, Alert, AppShell, Badge, Button, Group, Loader, Text, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { lazy, Suspense, useEffect, useState } from "react";
import { useHub } from "./hub";
import { Offline } from "./offline";
import { Overview } from "./pages/overview";
import { loadTheRest, soon } from "./soon";
import { signOut } from "./signout";
import { Signal, useSignal } from "./signal";
import { language, say, setLang, useLang } from "./words";

// what is one touch away comes when the overview stands, so that the touch does not wait
const ThingPage = lazy(soon(async () => ({ default: (await import("./pages/thing")).ThingPage })));
const Scenes = lazy(soon(async () => ({ default: (await import("./pages/scenes")).Scenes })));
const Assistant = lazy(soon(async () => ({ default: (await import("./pages/assistant")).Assistant })));
const Alarms = lazy(soon(async () => ({ default: (await import("./pages/alarms")).Alarms })));
const Search = lazy(soon(async () => ({ default: (await import("./search")).Search })));
const SignIn = lazy(async () => ({ default: (await import("./pages/signin")).SignIn }));
const Add = lazy(() => import("./pages/add").then((found) => ({ default: found.Add })));
const Welcome = lazy(() => import("./pages/welcome").then((found) => ({ default: found.Welcome })));
const PhonePage = lazy(() => import("./pages/phone").then((found) => ({ default: found.PhonePage })));
// what is looked at less often than the overview is loaded when it is
const ScenePage = lazy(async () => ({ default: (await import("./pages/scene")).ScenePage }));
const HistoryPage = lazy(async () => ({ default: (await import("./pages/history")).HistoryPage }));
const Dashboards = lazy(async () => ({ default: (await import("./pages/dashboards")).Dashboards }));
const DashboardPage = lazy(async () => ({ default: (await import("./pages/dashboards")).DashboardPage }));
const Blueprints = lazy(async () => ({ default: (await import("./pages/blueprints")).Blueprints }));
const People = lazy(() => import("./pages/people").then((found) => ({ default: found.People })));
const Account = lazy(() => import("./pages/account").then((found) => ({ default: found.Account })));
const Accounts = lazy(() => import("./pages/accounts").then((found) => ({ default: found.Accounts })));
const Audit = lazy(() => import("./pages/audit").then((found) => ({ default: found.Audit })));
const Join = lazy(() => import("./pages/join").then((found) => ({ default: found.Join })));

const moved = new Signal();
addEventListener("hashchange", () => moved.tell());
const useAddress = (): string => useSignal(moved, () => location.hash);

function page(address: string) {
  const [path = "", query] = address.replace(/^#\/?/, "").split("?");
  const [first, second, third] = path.split("/").map(decodeURIComponent);
  if (first === "things" && second) return <ThingPage key={second} id={second} />;
  if (first === "places" && second) return <Overview only={second} />;
  if (first === "scenes" && second) return <ScenePage key={second} id={second} />;
  if (first === "scenes") return <Scenes />;
  if (first === "blueprints") return <Blueprints id={second} />;
  if (first === "history") return <HistoryPage key={query} first={new URLSearchParams(query).get("series") ?? undefined} />;
  if (first === "dashboards" && second) return <DashboardPage key={second} id={second} editing={query === "edit"} />;
  if (first === "dashboards") return <Dashboards />;
  if (first === "alarms") return <Alarms />;
  if (first === "add") return <Add key={`${second} ${third}`} how={second || undefined} thing={third || undefined} />;
  if (first === "welcome") return <Welcome />;
  if (first === "phone") return <PhonePage at={second} />;
  if (first === "people") return <People at={second} />;
  if (first === "accounts") return <Accounts />;
  if (first === "account") return <Account at={second} />;
  if (first === "audit") return <Audit />;
  if (first === "join" && second) return <Join key={second} code={second} />;
  if (first === "assistant") return <Assistant first={new URLSearchParams(query).get("say") ?? undefined} />;
  return <Overview />;
}

const PAGES = [
  ["home", "#/", "⌂"],
  ["scenes", "#/scenes", "▶"],
  ["assistant", "#/assistant", "✎"],
  ["alarms", "#/alarms", "⚠"],
  ["add", "#/add", "+"],
  ["history", "#/history", "∿"],
  ["dashboards", "#/dashboards", "▦"],
] as const;
const LINK = { live: "teal", connecting: "gray", lost: "red" } as const;

export function App() {
  const lang = useLang();
  const hub = useHub();
  const address = useAddress();
  const [searching, setSearching] = useState(false);
  useHotkeys([["mod+K", () => setSearching(true)]], []);
  useEffect(() => {
    if (hub.ready) loadTheRest();
  }, [hub.ready]);
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const open = address.replace(/^#\/?/, "").split(/[/?]/)[0] ?? "";
  return (
    <AppShell header={{ height: 52 }} footer={{ height: 56, collapsed: !hub.signedIn }} padding="md" lang={lang}>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Text component="a" href="#/" fw={700} className="brand">
              Unisono
            </Text>
            {hub.signedIn ? (
              <Badge size="sm" variant="dot" color={LINK[hub.link]} role="status" className="firm">
                {say(hub.link)}
              </Badge>
            ) : null}
          </Group>
          {hub.signedIn ? (
            <Group gap={4} wrap="nowrap" component="nav" visibleFrom="sm">
              {PAGES.map(([word, to]) => (
                <Button key={word} component="a" href={to} size="compact-sm" variant={(open || "home") === word ? "light" : "subtle"}>
                  {say(word)}
                </Button>
              ))}
            </Group>
          ) : null}
          <Group gap={4} wrap="nowrap">
            {hub.signedIn ? (
              <ActionIcon variant="subtle" aria-label={say("searchKey")} title={say("searchKey")} onClick={() => setSearching(true)}>
                ⌕
              </ActionIcon>
            ) : null}
            <ActionIcon variant="subtle" aria-label={say("theme")} title={say("theme")} onClick={() => setColorScheme(dark ? "light" : "dark")}>
              ◐
            </ActionIcon>
            <Button size="compact-sm" variant="subtle" onClick={() => setLang(language() === "zh" ? "en" : "zh")}>
              {say("language")}
            </Button>
            {hub.signedIn ? (
              <ActionIcon component="a" href="#/account" variant="subtle" aria-label={say("account")} title={say("account")}>
                ☺
              </ActionIcon>
            ) : null}
            {hub.signedIn ? (
              <Button size="compact-sm" variant="subtle" visibleFrom="sm" onClick={() => void signOut()}>
                {say("signOut")}
              </Button>
            ) : null}
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Main>
        <div className="page">
          {hub.signedIn && hub.asOf ? <Offline at={hub.asOf} /> : null}
          {hub.signedIn && hub.link === "lost" && !hub.asOf ? (
            <Alert color="yellow" mb="md" role="alert">
              {say("lostLine")}
            </Alert>
          ) : null}
          <Suspense fallback={<Loader mx="auto" my="xl" aria-label={say("connecting")} />}>{hub.signedIn || open === "join" ? page(address) : <SignIn key={hub.why} />}</Suspense>
        </div>
      </AppShell.Main>
      {hub.signedIn ? (
        <AppShell.Footer hiddenFrom="sm" component="nav">
          <Group h="100%" grow gap={0}>
            {PAGES.map(([word, to, sign]) => (
              <a key={word} href={to} className={(open || "home") === word ? "tab open" : "tab"}>
                <span aria-hidden>{sign}</span>
                {say(word)}
              </a>
            ))}
          </Group>
        </AppShell.Footer>
      ) : null}
      {searching ? (
        <Suspense>
          <Search close={() => setSearching(false)} />
        </Suspense>
      ) : null}
    </AppShell>
  );
}
