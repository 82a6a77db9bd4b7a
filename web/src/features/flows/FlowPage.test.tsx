import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { i18n } from "../../i18n";
import { draw } from "../../testing/render";
import { flow, run } from "../../testing/samples";
import { serve } from "../../testing/server";
import { Layout } from "../session/Layout";
import { FlowPage } from "./FlowPage";
import { FlowsPage } from "./FlowsPage";

const me = {
  user: { id: "u", name: "Jiwoo", email: "jiwoo@example.com" },
  organization: { id: "o", name: "Acme", domain: "acme", timezone: "Asia/Seoul" },
  team: { id: "t", name: "Operations" },
};
const noRuns = { body: { items: [], next_cursor: null } };
const apps = { body: { items: [{ slug: "slack", name: "Slack", actions: [{ key: "send", name: "Send message" }] }] } };

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("FlowPage", () => {
  it("lists tasks by letter, named by the catalogue, and the webhook", async () => {
    serve({ "GET /api/v1/flows/f1": { body: flow() }, "GET /api/v1/runs": noRuns, "GET /api/v1/apps": apps });
    draw(<FlowPage />, { path: "/flows/:flowId", at: "/flows/f1" });
    expect(await screen.findByText("Slack · Send message")).toBeVisible();
    const letters = within(screen.getAllByRole("list")[0] ?? document.body).getAllByRole("listitem");
    expect(letters.map((item) => item.textContent?.charAt(0))).toEqual(["a", "b"]);
    expect(screen.getByLabelText("Example")).toHaveTextContent("$OUTCODE_API_KEY");
    expect(await screen.findByText(/No runs yet/)).toBeVisible();
  });

  it("asks for what is missing, then starts a test run with the exact input", async () => {
    const document = {
      inputs: { amount: { type: "number", required: true } },
      tasks: { a: { app: "slack", action: "send" } },
    };
    const calls = serve({
      "GET /api/v1/flows/f1": { body: flow({ document }) },
      "GET /api/v1/runs": noRuns,
      "POST /api/v1/flows/f1/runs": { status: 202, body: run({ id: "r9" }) },
    });
    const { router } = draw(<FlowPage />, { path: "/flows/:flowId", at: "/flows/f1" });
    await userEvent.click(await screen.findByRole("button", { name: "Test with 1 record" }));
    expect(screen.getByText("This is required. Fill it in to start.")).toBeVisible();
    await userEvent.type(screen.getByRole("textbox", { name: /amount/ }), "1.10");
    await userEvent.click(screen.getByRole("button", { name: "Test with 1 record" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/runs/r9"));
    expect(calls.find((call) => call.method === "POST")?.body).toBe('{"input":{"amount":1.10},"test":true}');
  });
});

describe("FlowsPage", () => {
  it("explains how to import when there is nothing, asking in the chosen language", async () => {
    await i18n.changeLanguage("ko");
    const calls = serve({ "GET /api/v1/flows": noRuns });
    draw(<FlowsPage />);
    expect(await screen.findByText("아직 데이터플로우가 없습니다")).toBeVisible();
    expect(screen.getByText("outcode import FILE.yaml")).toBeVisible();
    expect(calls[0]?.language).toBe("ko");
  });

  it("runs at once what asks for nothing", async () => {
    const manual = flow({ trigger: { kind: "manual" }, webhook_url: null });
    const calls = serve({
      "GET /api/v1/flows": { body: { items: [manual], next_cursor: null } },
      "GET /api/v1/flows/f1": { body: manual },
      "POST /api/v1/flows/f1/runs": { status: 202, body: run({ id: "r9" }) },
    });
    const { router } = draw(<FlowsPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Run Orders" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/runs/r9"));
    expect(calls.find((call) => call.method === "POST")?.body).toBe('{"input":{},"test":false}');
  });

  it("leads to the form of what needs a body", async () => {
    serve({
      "GET /api/v1/flows": { body: { items: [flow()], next_cursor: null } },
      "GET /api/v1/flows/f1": { body: flow() },
    });
    const { router } = draw(<FlowsPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Run Orders" }));
    await waitFor(() => expect(router.state.location.pathname + router.state.location.hash).toBe("/flows/f1#start"));
  });
});

describe("Layout", () => {
  it("says how to sign in when the server does not know who asks", async () => {
    serve({ "GET /api/v1/me": { status: 401, body: { code: "not_signed_in", detail: "No session." } } });
    vi.stubGlobal("scrollTo", () => undefined);
    draw(<Layout />);
    expect(await screen.findByRole("heading", { name: "You are not signed in" })).toBeVisible();
    expect(screen.getByText("outcode link")).toBeVisible();
  });

  it("says so as soon as a session has ended, but leaves a 403 on its page", async () => {
    let session: { status?: number; body: unknown } = { body: me };
    let flows: { status?: number; body: unknown } = { status: 403, body: { code: "not_yours", title: "Not yours." } };
    serve({ "GET /api/v1/me": () => session, "GET /api/v1/flows": () => flows });
    vi.stubGlobal("scrollTo", () => undefined);
    const { queries } = draw(<Layout />, { child: <FlowsPage /> });
    expect(await screen.findByText("Not yours.")).toBeVisible();
    expect(screen.getByText("Acme")).toBeVisible();

    session = flows = { status: 401, body: { code: "not_signed_in", title: "No session." } };
    await queries.refetchQueries({ queryKey: ["flows"] });
    expect(await screen.findByRole("heading", { name: "You are not signed in" })).toBeVisible();
  });
});
