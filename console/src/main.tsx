import "@mantine/core/styles.css";
import "./console.css";
import { createTheme, MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import "./elsewhere"; // takes a code out of the address before anything else looks at it
import { installWorker } from "./worker";

const theme = createTheme({
  primaryColor: "teal",
  primaryShade: 9,
  fontFamily: 'system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif',
  autoContrast: true,
});
const queries = new QueryClient({ defaultOptions: { queries: { retry: 1, staleTime: 2000 } } });

createRoot(document.getElementById("root")!).render(
  <MantineProvider theme={theme} defaultColorScheme="auto">
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </MantineProvider>,
);

installWorker();
if (localStorage.getItem("unisono.self")) void import("./self").then((found) => found.begin());
