import "./styles/first";
import { createTheme, MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { setNonce } from "get-nonce";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import "./elsewhere"; // takes a code out of the address before anything else looks at it
import { queries } from "./queries";
import { installWorker } from "./worker";

const theme = createTheme({
  primaryColor: "teal",
  primaryShade: 9,
  fontFamily: 'system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif',
  autoContrast: true,
});

// styles that are made while the page runs stand in elements: they are let in by the word that came with this page
const nonce = document.querySelector<HTMLElement>("meta[property=csp-nonce]")?.nonce ?? "";
setNonce(nonce); // for what stops the page from scrolling behind a dialog

createRoot(document.getElementById("root")!).render(
  <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </MantineProvider>,
);

installWorker();
if (localStorage.getItem("unisono.self")) void import("./self").then((found) => found.begin());
