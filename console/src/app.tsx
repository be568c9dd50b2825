/** The frame: header, places of the console, and which page is open (it stands after the # of the address). */
import { ActionIcon, Alert, AppShell, Badge, Button, Group, Text, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { lazy, memo, Suspense, useCallback, useEffect, useState } from "react";
import { giveBack } from "./giveback";
import { hub, type Link, useHub } from "./hub";
import { Offline } from "./offline";
import { Overview } from "./pages/overview";
import { may } from "./rights";
import { mayLeave } from "./leave";
import { loadTheRest, soon, styled } from "./soon";
import { signOut } from "./signout";
import { Signal, useSignal } from "./signal";
import { Outdated, Waiting } from "./trouble";
import { called, language, say, setLang, useLang, type Word } from "./words";

// what is one touch away comes when the overview stands, so that the touch does not wait
const ThingPage = lazy(soon(styled(async () => ({ default: (await import("./pages/thing")).ThingPage }))));
const Scenes = lazy(soon(styled(async () => ({ default: (await import("./pages/scenes")).Scenes }))));
const Assistant = lazy(soon(styled(async () => ({ default: (await import("./pages/assistant")).Assistant }))));
const Alarms = lazy(soon(styled(async () => ({ default: (await import("./pages/alarms")).Alarms }))));
const Search = lazy(soon(styled(async () => ({ default: (await import("./search")).Search }))));
const SignIn = lazy(styled(async () => ({ default: (await import("./pages/signin")).SignIn })));
const Add = lazy(styled(async () => ({ default: (await import("./pages/add")).Add })));
const Welcome = lazy(styled(async () => ({ default: (await import("./pages/welcome")).Welcome })));
const PhonePage = lazy(styled(async () => ({ default: (await import("./pages/phone")).PhonePage })));
// what is looked at less often than the overview is loaded when it is
const ScenePage = lazy(styled(async () => ({ default: (await import("./pages/scene")).ScenePage })));
const HistoryPage = lazy(styled(async () => ({ default: (await import("./pages/history")).HistoryPage })));
const Dashboards = lazy(styled(async () => ({ default: (await import("./pages/dashboards")).Dashboards })));
const DashboardPage = lazy(styled(async () => ({ default: (await import("./pages/dashboards")).DashboardPage })));
const Blueprints = lazy(styled(async () => ({ default: (await import("./pages/blueprints")).Blueprints })));
const People = lazy(styled(async () => ({ default: (await import("./pages/people")).People })));
const Account = lazy(styled(async () => ({ default: (await import("./pages/account")).Account })));
const Accounts = lazy(styled(async () => ({ default: (await import("./pages/accounts")).Accounts })));
const Audit = lazy(styled(async () => ({ default: (await import("./pages/audit")).Audit })));
const Join = lazy(styled(async () => ({ default: (await import("./pages/join")).Join })));

const moved = new Signal();
addEventListener("hashchange", () => {
  if (mayLeave()) moved.tell();
});
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
  if (first === "dashboards" && second) return <DashboardPage key={second} id={second} editing={query === "edit"} wall={query === "wall"} />;
  if (first === "dashboards") return <Dashboards />;
  if (first === "alarms") return <Alarms />;
  if (first === "add") return <Add key={second} how={second || undefined} thing={third || undefined} />;
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

/** A page's word, address, sign, and the word that fits below the sign on a narrow phone. */
const PAGES = [
  ["home", "#/", "⌂", "home"],
  ["scenes", "#/scenes", "▶", "scenes"],
  ["assistant", "#/assistant", "✎", "assistant"],
  ["alarms", "#/alarms", "⚠", "alarms"],
  ["add", "#/add", "+", "add"],
  ["history", "#/history", "∿", "history"],
  ["dashboards", "#/dashboards", "▦", "boards"],
] as const;
type Pages = readonly (typeof PAGES)[number][];
/** Of those that there are for everybody: who may add nothing is not led there. */
const LESS: Pages = PAGES.filter(([word]) => word !== "add");
/** What the browser's tab and its history call a page. */
const TITLES: Record<string, Word> = {
  ...Object.fromEntries(PAGES.map(([word]) => [word, word])),
  welcome: "firstSteps", phone: "phoneTitle", people: "people", accounts: "allPeople", account: "account", audit: "audit", blueprints: "fromBlueprint", join: "invited_",
};

function titleOf(address: string, open: string): string {
  const second = decodeURIComponent(address.split("/")[2] ?? "");
  const thing = open === "things" ? hub.things.get(second) : open === "places" ? hub.places.get(second) : undefined;
  return thing ? called(thing) : TITLES[open] ? say(TITLES[open]) : "";
}

const LINK = { live: "teal", connecting: "gray", lost: "red" } as const;

const WIDE = "(min-width: 62em)"; // as Mantine's md; on less the names of all pages do not fit beside the rest
const wide = matchMedia(WIDE);
const widened = new Signal();
wide.addEventListener("change", () => widened.tell());

/** What stands above every page; drawn again only when it changes, not with every thing that comes or goes. */
const Header = memo(function Header({ link, signedIn, open, wide, pages, search }: { link: Link; signedIn: boolean; open: string; wide: boolean; pages: Pages; search: () => void }) {
  useLang();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  return (
    <AppShell.Header px="md">
      <Group h="100%" justify="space-between" wrap="nowrap">
        <Group gap="sm" wrap="nowrap">
          <button type="button" className="skip" onClick={() => document.querySelector("main")?.focus()}>
            {say("toContent")}
          </button>
          <Text component="a" href="#/" fw={700} className="brand">
            Unisono
          </Text>
          {signedIn ? (
            <Badge size="sm" variant="dot" color={LINK[link]} role="status" className="firm">
              {say(link)}
            </Badge>
          ) : null}
        </Group>
        {signedIn && wide ? (
          <Group gap={4} wrap="nowrap" component="nav" aria-label={say("pages")}>
            {pages.map(([word, to]) => (
              <Button key={word} component="a" href={to} size="compact-sm" variant={open === word ? "light" : "subtle"} aria-current={open === word ? "page" : undefined}>
                {say(word)}
              </Button>
            ))}
          </Group>
        ) : null}
        <Group gap={4} wrap="nowrap">
          {signedIn ? (
            <ActionIcon variant="subtle" aria-label={say("searchKey")} title={say("searchKey")} onClick={search}>
              ⌕
            </ActionIcon>
          ) : null}
          <ActionIcon variant="subtle" aria-label={say("theme")} title={say("theme")} onClick={() => setColorScheme(dark ? "light" : "dark")}>
            ◐
          </ActionIcon>
          <ActionIcon variant="subtle" lang={language() === "zh" ? "en" : "zh"} aria-label={say("language")} title={say("language")} onClick={() => setLang(language() === "zh" ? "en" : "zh")}>
            <Tongues />
          </ActionIcon>
          {signedIn ? (
            <ActionIcon component="a" href="#/account" variant="subtle" aria-label={say("account")} title={say("account")}>
              ☺
            </ActionIcon>
          ) : null}
          {signedIn && wide ? (
            <Button size="compact-sm" variant="subtle" onClick={() => void signOut()}>
              {say("signOut")}
            </Button>
          ) : null}
        </Group>
      </Group>
    </AppShell.Header>
  );
});

/** The other language, drawn: a machine without a Chinese font shows boxes for its name. */
const Tongues = () => (
  <svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" aria-hidden>
    <path d="M2 5.5h12M8 2.5v3M11.5 5.5C10.5 10 7 13.5 2.5 15M4.5 5.5C5.5 9.5 8 12 11 13.5" />
    <path d="M12 21.5 16.75 10.5 21.5 21.5M13.75 17.5h6" />
  </svg>
);

const Tabs = memo(function Tabs({ open, pages }: { open: string; pages: Pages }) {
  useLang();
  return (
    <AppShell.Footer component="nav" aria-label={say("pages")}>
      <Group h="100%" grow gap={0}>
        {pages.map(([word, to, sign, below]) => (
          <a key={word} href={to} className={open === word ? "tab open" : "tab"} aria-current={open === word ? "page" : undefined}>
            <span aria-hidden>{sign}</span>
            {say(below)}
          </a>
        ))}
      </Group>
    </AppShell.Footer>
  );
});

export function App() {
  const lang = useLang();
  const hub = useHub();
  const address = useAddress();
  const roomy = useSignal(widened, () => wide.matches);
  const [searching, setSearching] = useState(false);
  const search = useCallback(() => setSearching(true), []);
  useHotkeys([["mod+K", search]], []);
  useEffect(() => {
    if (hub.ready) loadTheRest();
  }, [hub.ready]);
  const open = address.replace(/^#\/?/, "").split(/[/?]/)[0] || "home";
  const pages = may("configure") ? PAGES : LESS;
  const walled = open === "dashboards" && address.endsWith("?wall"); // nothing stands around a dashboard on a wall
  const title = hub.signedIn ? titleOf(address, open) : say("signIn");
  useEffect(() => giveBack(), [address]); // what had the focus may be gone with its page
  useEffect(() => {
    document.title = title ? `${title} · Unisono` : "Unisono";
  }, [title]);
  return (
    <AppShell header={{ height: 52, collapsed: walled }} footer={{ height: 56, collapsed: roomy || walled || !hub.signedIn }} padding="md" lang={lang}>
      {walled ? null : <Header link={hub.link} signedIn={hub.signedIn} open={open} wide={roomy} pages={pages} search={search} />}
      <AppShell.Main tabIndex={-1} className="main">
        <div className={walled ? "page walled" : "page"}>
          {hub.signedIn && hub.asOf ? <Offline at={hub.asOf} /> : null}
          {hub.signedIn && hub.link === "lost" && !hub.asOf ? (
            <Alert color="yellow" mb="md" role="alert">
              {say("lostLine")}
            </Alert>
          ) : null}
          <Outdated />
          <Suspense fallback={<Waiting />}>{hub.signedIn || open === "join" ? page(address) : <SignIn key={hub.why} />}</Suspense>
        </div>
      </AppShell.Main>
      {hub.signedIn && !roomy && !walled ? <Tabs open={open} pages={pages} /> : null}
      {searching ? (
        <Suspense>
          <Search close={() => setSearching(false)} />
        </Suspense>
      ) : null}
    </AppShell>
  );
}
