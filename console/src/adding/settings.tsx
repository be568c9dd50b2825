/** The exact settings of one device with this hub's address, each with a button that copies it. */
import { Alert, Code, Group, Stack, Table, Text, Title } from "@mantine/core";
import { Copy } from "../copy";
import { say } from "../words";
import { Marked } from "./marked";
import { type Dialect, type Guide, local } from "./model";

const HIDDEN = "(its secret)";

export function Settings({ guide, dialect, thing }: { guide: Guide; dialect: Dialect; thing: string }) {
  const hidden = guide.settings.some((each) => each.value === HIDDEN);
  return (
    <Stack gap="sm" data-guide={guide.how}>
      <Title order={2} size="h4">
        {guide.title === dialect.title ? say("onDevice") : `${say("onDevice")}: ${local(dialect, guide.title)}`}
      </Title>
      {guide.trouble ? (
        <Alert color="yellow" role="note">
          {guide.trouble === "this_machine" ? say("thisMachine") : guide.trouble === "tls_only" ? say("tlsOnly") : guide.hint}
        </Alert>
      ) : null}
      <Table className="given">
        <Table.Tbody>
          {guide.settings.map((each) => (
            <Table.Tr key={each.name}>
              <Table.Th scope="row" fw={500}>
                {each.name}
              </Table.Th>
              <Table.Td>
                <Code className="value">{each.value}</Code>
              </Table.Td>
              <Table.Td ta="right">
                <Copy text={each.value} of={each.name} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {guide.paste ? (
        <div>
          <Group justify="space-between" mb={4}>
            <Text size="sm">{say("pasteWhole")}</Text>
            <Copy text={guide.paste} of={say("pasteWhole")} />
          </Group>
          <Code block className="wrap" tabIndex={0}>
            {guide.paste}
          </Code>
        </div>
      ) : null}
      <Text size="sm" c="dimmed">
        <Marked text={[hidden ? say("secretGone", thing) : say("onceOnly"), ...guide.notes.map((note) => local(dialect, note))].join(" ")} />
      </Text>
    </Stack>
  );
}
