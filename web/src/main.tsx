import "@mantine/core/styles.css";
import "./ui/theme.css";

import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { I18nextProvider } from "react-i18next";
import { RouterProvider } from "react-router";

import { i18n } from "./i18n";
import { makeQueryClient } from "./query-client";
import { router } from "./router";
import { theme } from "./ui/theme";

const queries = makeQueryClient();
// What the server words, such as problems, comes again in the chosen language.
i18n.on("languageChanged", () => void queries.invalidateQueries());

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <I18nextProvider i18n={i18n}>
      {/* No style elements: the content security policy allows style files only; theme.css sets the variables. */}
      <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </I18nextProvider>
  </StrictMode>,
);
