/** Why nothing is known of one that is there and talks: what was not understood, or where it speaks and nothing listens. */
import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ask } from "./api";
import { both, sentence, Told } from "./refusals";
import { say } from "./words";

const LOOK_MS = 2000;
const PATH = encodeURIComponent;

type Letter = { topic: string | null; code: string; detail: string };
type Client = { thing: string; ordinary_topics: string[]; messages_in: number };

/** ``otherwise``: what is shown where there is nothing of the kind. */
export function Unheard({ id, otherwise }: { id: string; otherwise?: ReactNode }) {
  const { data } = useQuery({
    queryKey: ["unheard", id],
    queryFn: async () => {
      const [letters, clients] = await Promise.all([ask<{ items: Letter[] }>(`/things/${PATH(id)}/dead-letters?limit=1`), ask<{ items: Client[] }>(`/clients?q=${PATH(id)}`)]);
      const mine = clients.items.filter((each) => each.thing === id);
      return { letter: letters.items[0], topics: mine.flatMap((each) => each.ordinary_topics), spoke: mine.some((each) => each.messages_in > 0) };
    },
    refetchInterval: LOOK_MS,
  });
  if (data?.letter)
    return (
      <Text size="sm" component="div" c="orange" role="alert" data-unheard={data.letter.code}>
        {say("unheard")} {data.letter.topic ? <code>{data.letter.topic}</code> : null} <Told text={both(sentence(data.letter.code), data.letter.detail)} />
      </Text>
    );
  return data?.spoke && data.topics.length ? (
    <Text size="sm" component="div" c="orange" role="alert" data-unheard="ordinary">
      {say("elsewhereIt")} {data.topics.map((topic) => <code key={topic}>{topic} </code>)}
      {say("elsewhereWhy")}
    </Text>
  ) : (
    otherwise
  );
}
