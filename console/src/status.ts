/** What the hub tells of itself. */
import { useQuery } from "@tanstack/react-query";
import { ask } from "./api";

export interface Status {
  hub: string;
  demo?: boolean;
  lan?: boolean;
  doors?: Record<string, string>;
  ports?: Record<string, number>;
}
const STALE_MS = 60_000;

export const useStatus = (): Status | undefined => useQuery({ queryKey: ["status"], queryFn: () => ask<Status>("/status"), staleTime: STALE_MS }).data;
