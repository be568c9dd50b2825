/** A text whose `names of things to type` stand between backticks, as its maker wrote it. */
import { Code } from "@mantine/core";

export const Marked = ({ text }: { text: string }) => (
  <>{text.split("`").map((part, index) => (index % 2 ? <Code key={index}>{part}</Code> : part))}</>
);
