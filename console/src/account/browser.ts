/** What a browser or program calls itself, as people call it. */
const BROWSERS: [RegExp, string][] = [
  [/MicroMessenger\//, "WeChat"], [/Edg(e|A|iOS)?\//, "Edge"], [/(OPR|Opera)\//, "Opera"], [/SamsungBrowser\//, "Samsung Internet"], [/HuaweiBrowser\//, "Huawei Browser"],
  [/(Firefox|FxiOS)\//, "Firefox"], [/(Chrome|CriOS|Chromium)\//, "Chrome"], [/Version\/.*Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/HarmonyOS|OpenHarmony/, "HarmonyOS"], [/Android/, "Android"], [/Windows/, "Windows"], [/Mac OS X|Macintosh/, "Mac"], [/CrOS/, "ChromeOS"], [/Linux|X11/, "Linux"]];

/** "Chrome · Linux"; a program that is no browser as it calls itself. */
export function browserOf(agent: string | null | undefined): string {
  if (!agent) return "?";
  const find = (known: [RegExp, string][]): string | undefined => known.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = find(BROWSERS);
  return browser ? [browser, find(SYSTEMS)].filter(Boolean).join(" · ") : agent;
}
