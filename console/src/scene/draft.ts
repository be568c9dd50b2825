/** A scene as text and as what it says, in step: a change of a sentence touches only its place in the text. */
import { type Document, isCollection, isMap, isNode, isSeq, LineCounter, type Node, parseDocument } from "yaml";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Path = (string | number)[];

export interface Draft {
  text: string;
  /** What it says; what it last said while the text cannot be read. */
  said: { [key: string]: Json };
  wrong: { line: number; why: string }[] | null;
}

const WIDE = 110;
const MOST_WRONG = 10; // one slip makes many

export function read(text: string, before: Draft["said"] = {}): Draft {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length) return { text, said: before, wrong: document.errors.slice(0, MOST_WRONG).map((error) => ({ line: lines.linePos(error.pos[0]).line, why: error.message.split("\n")[0] ?? "" })) };
  const said: unknown = document.toJS();
  if (typeof said !== "object" || said === null || Array.isArray(said)) return { text, said: before, wrong: [{ line: 1, why: "" }] };
  return { text, said: said as Draft["said"], wrong: null };
}

/** Put what fits a line on one, as people write scenes. */
function compact(node: Node | null | undefined, depth: number): void {
  if (!isCollection(node)) return;
  const size = JSON.stringify(node.toJSON()).length;
  const [only] = node.items;
  // a part is a member that names its kind: "- change: {...}"
  const named = depth === 1 && isMap(node) && node.items.length === 1 && isCollection((only as { value?: unknown }).value);
  if (depth > 0 && size < WIDE && !named) {
    node.flow = true;
    return;
  }
  for (const item of node.items) compact((isMap(node) ? (item as { value?: Node }).value : item) as Node, depth + 1);
}

/** The text with another value at ``path``; undefined takes it out. Comments elsewhere stay. */
export function put(draft: Draft, path: Path, value: Json | undefined): Draft {
  const document: Document = parseDocument(draft.text);
  if (value === undefined) document.deleteIn(path);
  else if (typeof value !== "object" || value === null) document.setIn(path, value);
  else {
    const node = document.createNode(value);
    compact(node as Node, path.length > 1 ? 1 : 0);
    document.setIn(path, node);
  }
  // a list inside one written on a line must be on the line too; one that grew too long is opened up
  for (let depth = path.length - 1; depth > 0; depth--) {
    const around = document.getIn(path.slice(0, depth), true);
    if (isCollection(around) && around.flow && JSON.stringify(around.toJSON()).length >= WIDE) around.flow = false;
    if (isSeq(around) && around.items.length === 0) around.flow = true;
    else if (isSeq(around) && depth === 1) around.flow = false;
  }
  return read(document.toString({ lineWidth: 0, flowCollectionPadding: false }), draft.said);
}

/** The line at which a field such as ``then.0.set.state`` stands, or the nearest one around it. */
export function lineOf(text: string, field: string): number {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const path = field.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  for (; path.length; path.pop()) {
    const node = document.getIn(path, true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

export const at = (said: Json | undefined, path: Path): Json | undefined =>
  path.reduce<Json | undefined>((found, part) => (typeof found === "object" && found !== null ? (found as Record<string | number, Json>)[part] : undefined), said);
