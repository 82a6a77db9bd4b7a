import { describe, expect, it } from "vitest";

import { parseExact } from "../../client/exact";
import { declaredInputs, documentTasks, startsWithoutForm } from "./document";
import { bodyFault, composeInput, firstDraft } from "./input-form";
import { curlLine } from "./webhook";

const document = parseExact(`{
  "inputs": {
    "customer": {"type": "text", "required": true, "sample": "Kim"},
    "amount": {"type": "number", "default": 125000.50},
    "notify": {"type": "boolean", "default": true},
    "extra": {"type": "json", "default": "plain"}
  },
  "tasks": {"aa": {"app": "x", "action": "y"}, "b": {"app": "x", "action": "y", "name": "Two"}, "z": {}}
}`);
const inputs = declaredInputs(document);

describe("the start form", () => {
  it("is filled with defaults, else samples, digits kept", () => {
    expect(firstDraft(inputs)).toEqual({ customer: "Kim", amount: "125000.50", notify: true, extra: '"plain"' });
  });

  it("becomes JSON without losing a digit", () => {
    const draft = { ...firstDraft(inputs), amount: "12345678901234567890", customer: 'Say "hi"' };
    expect(composeInput(inputs, draft)).toEqual({
      ok: true,
      inputJson: '{"customer":"Say \\"hi\\"","amount":12345678901234567890,"notify":true,"extra":"plain"}',
    });
  });

  it("leaves out what is empty and names what is at fault", () => {
    expect(composeInput(inputs, { customer: "Kim", notify: false })).toEqual({
      ok: true,
      inputJson: '{"customer":"Kim","notify":false}',
    });
    expect(composeInput(inputs, { customer: " ", amount: "1,250", extra: "{" })).toEqual({
      ok: false,
      faults: {
        customer: { fault: "required" },
        amount: { fault: "number" },
        extra: { fault: "json", reason: expect.any(String) },
      },
    });
  });

  it("takes any JSON, or nothing, as body", () => {
    expect(bodyFault('{"a": 1}')).toBeNull();
    expect(bodyFault(" ")).toBeNull();
    expect(bodyFault("{a}")).toMatchObject({ fault: "json" });
  });
});

describe("the document", () => {
  it("gives its tasks in order of letter", () => {
    expect(documentTasks(document).map((task) => task.letter)).toEqual(["b", "z", "aa"]);
  });

  it("starts without the form when nothing need be asked", () => {
    expect(startsWithoutForm({ inputs: {} }, "manual")).toBe(true);
    expect(startsWithoutForm({ inputs: {} }, "webhook")).toBe(false);
    expect(startsWithoutForm(document, "manual")).toBe(false);
    expect(startsWithoutForm({ inputs: { n: { default: 1, required: true } } }, "webhook")).toBe(true);
  });
});

it("the curl line is safe to paste and shows no key", () => {
  const line = curlLine("/hooks/acme/it's", `{"name": "O'Brien"}`);
  expect(line).toContain("'http://localhost:3000/hooks/acme/it'\\''s'");
  expect(line).toContain(`'{"name": "O'\\''Brien"}'`);
  expect(line).toContain("$OUTCODE_API_KEY");
});
