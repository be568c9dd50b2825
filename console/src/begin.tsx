/** Above the overview: that this is a demonstration, and what of the first run is still open; until it is hidden. */
import { Alert, Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { say } from "./words";

const KEY = "unisono.begun";

export function Begin({ demo }: { demo: boolean }) {
  const [hidden, setHidden] = useState(localStorage.getItem(KEY) !== null);
  if (hidden || !demo) return null;
  const hide = (): void => {
    localStorage.setItem(KEY, "1");
    setHidden(true);
  };
  return (
    <Alert color="yellow" title={say("demoTitle")} role="note" data-begin>
      <Text size="sm">{say("demoText")}</Text>
      <Group gap="xs" mt="xs">
        <Button size="compact-sm" variant="light" component="a" href="#/welcome">
          {say("setUp")}
        </Button>
        <Button size="compact-sm" variant="subtle" onClick={hide}>
          {say("hide")}
        </Button>
      </Group>
    </Alert>
  );
}
