/** Asks once more before something that must not happen by mistake. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { Dialog } from "./dialog";
import { say } from "./words";

export function Sure({ title, go, leave }: { title: string; go: () => void; leave: () => void }) {
  return (
    <Dialog leave={leave} title={say("sure")}>
      <Stack>
        <Text>{say("sureText", title)}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={leave}>
            {say("cancel")}
          </Button>
          <Button color="red" onClick={go} data-autofocus>
            {say("doIt")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
