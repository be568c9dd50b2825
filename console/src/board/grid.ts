/** Cards on a grid of twelve columns: none lies over another, and none hangs in the air. */
import type { components } from "../api.gen";

export type Board = components["schemas"]["Dashboard"];
export type Item = components["schemas"]["Card"];
export const COLUMNS = 12;
export const MOST_HIGH = 24;

const over = (a: Item, b: Item): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Every card as high up as it can be; ``held`` keeps its place, the others give way. */
export function settle(cards: Item[], held?: number): Item[] {
  const order = cards.map((card, index) => ({ card: { ...card }, index })).sort((a, b) => (a.index === held ? -0.5 : 0) - (b.index === held ? -0.5 : 0) || a.card.y - b.card.y || a.card.x - b.card.x);
  const placed: { card: Item; index: number }[] = [];
  const free = (card: Item): boolean => placed.every((one) => !over(one.card, card));
  for (const one of order) {
    while (!free(one.card)) one.card.y++;
    while (one.index !== held && one.card.y > 0 && free({ ...one.card, y: one.card.y - 1 })) one.card.y--;
    placed.push(one);
  }
  return placed.sort((a, b) => a.index - b.index).map((one) => one.card);
}

const within = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

export function moved(cards: Item[], index: number, x: number, y: number): Item[] {
  const card = cards[index]!;
  const next = [...cards];
  next[index] = { ...card, x: within(x, 0, COLUMNS - card.w), y: Math.max(0, y) };
  return settle(next, index);
}

export function sized(cards: Item[], index: number, w: number, h: number): Item[] {
  const card = cards[index]!;
  const next = [...cards];
  next[index] = { ...card, w: within(w, 1, COLUMNS - card.x), h: within(h, 1, MOST_HIGH) };
  return settle(next, index);
}

export function added(cards: Item[], card: Omit<Item, "x" | "y">): Item[] {
  const below = cards.reduce((most, one) => Math.max(most, one.y + one.h), 0);
  return settle([...cards, { ...card, x: 0, y: below }]);
}
