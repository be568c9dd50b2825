/** Above the overview: that this is a demonstration, and what of the first run is still open; until it is hidden. */
import { Alert, Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { may } from "./rights";
import { say } from "./words";

const KEY = "unisono.begun";
const FRESH = "unisono.fresh"; // set where the administrator was made

export function Begin({ demo }: { demo: boolean }) {
  const [hidden, setHidden] = useState(localStorage.getItem(KEY) !== null);
  if (hidden || !(demo || localStorage.getItem(FRESH))) return null;
  const hide = (): void => {
    localStorage.setItem(KEY, "1");
    setHidden(true);
  };
  return (
    <Alert color={demo ? "yellow" : "teal"} title={say(demo ? "demoTitle" : "firstSteps")} role="note" data-begin>
      <Text size="sm">{say(demo ? "demoText" : "welcomeText")}</Text>
      <Group gap="xs" mt="xs">
        {may("operate_hub") ? (
          <Button size="compact-sm" variant="light" component="a" href="#/welcome">
            {say(demo ? "setUp" : "firstSteps")}
          </Button>
        ) : null}
        <Button size="compact-sm" variant="subtle" onClick={hide}>
          {say("hide")}
        </Button>
      </Group>
    </Alert>
  );
}
