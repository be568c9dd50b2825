/** What was asked of the hub and is still fresh. Whoever signs out leaves nothing of it to the next one. */
import { QueryClient } from "@tanstack/react-query";

export const queries = new QueryClient({ defaultOptions: { queries: { retry: 1, staleTime: 2000 } } });
