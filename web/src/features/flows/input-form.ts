/** The start form's state and its way to JSON; numbers stay text all the way, so that no digit is lost. */
import { formatExact, parseExact } from "../../client/exact";
import { cellText } from "../../ui/json-value";
import type { DeclaredInput } from "./document";

export type Draft = Record<string, string | boolean>;

export type JsonFault = { fault: "json"; reason: string };
export type FieldFault = { fault: "required" | "number" } | JsonFault;

export type Composed = { ok: true; inputJson: string } | { ok: false; faults: Record<string, FieldFault> };

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Defaults, else samples. */
export function firstDraft(inputs: DeclaredInput[]): Draft {
  return Object.fromEntries(
    inputs.map((input) => {
      const value = input.default ?? input.sample;
      if (input.type === "boolean") return [input.name, value === true];
      if (value === null) return [input.name, ""];
      return [input.name, input.type === "json" ? formatExact(value) : cellText(value)];
    }),
  );
}

/** The input as JSON text; fields left empty are left out. */
export function composeInput(inputs: DeclaredInput[], draft: Draft): Composed {
  const faults: Record<string, FieldFault> = {};
  const members: string[] = [];
  for (const input of inputs) {
    const value = draft[input.name] ?? "";
    const text = String(value).trim();
    if (text === "") {
      if (input.required) faults[input.name] = { fault: "required" };
      continue;
    }
    const fault = faultOf(input, text);
    if (fault) faults[input.name] = fault;
    members.push(`${JSON.stringify(input.name)}:${jsonOf(input, value, text)}`);
  }
  return Object.keys(faults).length > 0 ? { ok: false, faults } : { ok: true, inputJson: `{${members.join(",")}}` };
}

/** Why a hand-written body is not JSON; none at all is fine. */
export function bodyFault(text: string): JsonFault | null {
  return text.trim() === "" ? null : jsonFault(text);
}

function faultOf(input: DeclaredInput, text: string): FieldFault | null {
  if (input.type === "number") return JSON_NUMBER.test(text) ? null : { fault: "number" };
  return input.type === "json" ? jsonFault(text) : null;
}

function jsonFault(text: string): JsonFault | null {
  try {
    parseExact(text);
    return null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { fault: "json", reason: error.message };
  }
}

function jsonOf(input: DeclaredInput, value: string | boolean, text: string): string {
  if (input.type === "boolean" || input.type === "number" || input.type === "json") return text;
  return JSON.stringify(value);
}
