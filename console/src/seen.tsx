/** A card that is drawn only while it is in sight: two thousand things cost no more than the twenty that are looked at. */
import { memo, useEffect, useRef, useState } from "react";
import { ThingCard } from "./card";
import { hub } from "./hub";
import { called } from "./words";

const AHEAD = "400px"; // of scrolling: a card is drawn before it comes into sight

const waiting = new Map<Element, (seen: boolean) => void>();
let observer: IntersectionObserver | null = null;

function watch(element: Element, told: (seen: boolean) => void): () => void {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) waiting.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: AHEAD },
  );
  waiting.set(element, told);
  observer.observe(element);
  return () => {
    waiting.delete(element);
    observer?.unobserve(element);
  };
}

export const Seen = memo(function Seen({ id, many }: { id: string; many: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => (many && place.current ? watch(place.current, setSeen) : undefined), [many]);
  if (!many) return <ThingCard id={id} />;
  const thing = hub.things.get(id);
  return (
    <div ref={place} className="seen">
      {seen ? <ThingCard id={id} /> : <article aria-label={thing ? called(thing) : id} className="unseen" data-unseen={id} />}
    </div>
  );
});
