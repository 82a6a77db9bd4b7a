import { MantineProvider } from "@mantine/core";
import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { I18nextProvider } from "react-i18next";
import { createMemoryRouter, RouterProvider } from "react-router";

import { i18n } from "../i18n";
import { makeQueryClient } from "../query-client";

interface Options {
  /** Route of the screen under test, such as `/runs/:runId`. */
  path?: string;
  at?: string;
  queries?: QueryClient;
  /** What stands in the screen's outlet. */
  child?: ReactNode;
}

/** Draws a screen in everything that the app wraps around it; other addresses show their path. */
export function draw(screen: ReactNode, { path = "/", at = path, queries = makeQueryClient(), child }: Options = {}) {
  const router = createMemoryRouter(
    [
      { path, element: screen, children: child ? [{ index: true, element: child }] : [] },
      { path: "*", element: <p>elsewhere</p> },
    ],
    { initialEntries: [at] },
  );
  const view = render(
    <I18nextProvider i18n={i18n}>
      <MantineProvider env="test">
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </I18nextProvider>,
  );
  return { ...view, router, queries };
}
