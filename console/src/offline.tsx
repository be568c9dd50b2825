/** Said above everything while what is shown is not live but the last known state. */
import { Alert } from "@mantine/core";
import { say, when } from "./words";

export const Offline = ({ at }: { at: string }) => (
  <Alert color="orange" mb="md" role="alert" title={say("offlineTitle")} data-offline={at}>
    {say("offlineText", when(at))}
  </Alert>
);
