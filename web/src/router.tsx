import { createBrowserRouter } from "react-router";

import { FlowPage } from "./features/flows/FlowPage";
import { FlowsPage } from "./features/flows/FlowsPage";
import { RunPage } from "./features/runs/RunPage";
import { Layout } from "./features/session/Layout";
import { NotFoundPage, PageFault } from "./features/session/NotFoundPage";

export const router = createBrowserRouter([
  {
    element: <Layout />,
    errorElement: <PageFault />,
    children: [
      {
        errorElement: <PageFault />,
        children: [
          { index: true, element: <FlowsPage /> },
          { path: "flows/:flowId", element: <FlowPage /> },
          { path: "runs/:runId", element: <RunPage /> },
          { path: "*", element: <NotFoundPage /> },
        ],
      },
    ],
  },
]);
