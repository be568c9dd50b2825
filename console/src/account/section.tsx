/** One part of the account, with its heading and what it is for. */
import { Card, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

export const Section = ({ id, title, text, children }: { id: string; title: string; text?: string; children: ReactNode }) => (
  <Card withBorder component="section" aria-label={title} id={id} tabIndex={-1}>
    <Stack gap="sm">
      <Title order={2} size="h4">
        {title}
      </Title>
      {text ? (
        <Text size="sm" c="dimmed">
          {text}
        </Text>
      ) : null}
      {children}
    </Stack>
  </Card>
);
