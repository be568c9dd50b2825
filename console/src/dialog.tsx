/** A dialog over the page: named by its title, which is no header of a page; it gives the focus back when it goes. */
import { CloseButton, Group, Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { useGiveBack } from "./giveback";
import { say } from "./words";

export function Dialog({ title, leave, wide, children }: { title: string; leave: () => void; wide?: boolean; children: ReactNode }) {
  useGiveBack();
  return (
    <Modal.Root opened onClose={leave} centered={!wide} size={wide ? "lg" : "md"} transitionProps={{ duration: 0 }}>
      <Modal.Overlay />
      <Modal.Content>
        <Modal.Body p={wide ? "xs" : "md"}>
          <Group justify="space-between" mb="xs" wrap="nowrap">
            <Modal.Title>{title}</Modal.Title>
            <CloseButton aria-label={say("close")} onClick={leave} />
          </Group>
          {children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
