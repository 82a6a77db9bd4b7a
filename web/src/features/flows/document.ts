/** What the pages need of a flow's document, read from its plain form. */
import { formatExact, isObject, type Json, type JsonObject } from "../../client/exact";

export type InputType = "text" | "number" | "boolean" | "datetime" | "url" | "json";

export interface DeclaredInput {
  name: string;
  type: InputType;
  required: boolean;
  default: Json;
  sample: Json;
}

export interface DocumentTask {
  letter: string;
  name: string | null;
  app: string;
  action: string;
}

const TYPES: readonly string[] = ["text", "number", "boolean", "datetime", "url", "json"] satisfies InputType[];

export function declaredInputs(document: Json): DeclaredInput[] {
  return entries(document, "inputs").map(([name, declared]) => ({
    name,
    type: isInputType(declared.type) ? declared.type : "text",
    required: declared.required === true,
    default: declared.default ?? null,
    sample: declared.sample ?? null,
  }));
}

/** In order of letter: a … z, aa. */
export function documentTasks(document: Json): DocumentTask[] {
  return entries(document, "tasks")
    .map(([letter, task]) => ({
      letter,
      name: textOf(task.name),
      app: textOf(task.app) ?? "",
      action: textOf(task.action) ?? "",
    }))
    .sort((one, other) => one.letter.length - other.letter.length || (one.letter < other.letter ? -1 : 1));
}

/** Whether a start makes sense without asking the person for anything. */
export function startsWithoutForm(document: Json, triggerKind: string): boolean {
  const inputs = declaredInputs(document);
  if (inputs.length === 0) return !asksForBody(triggerKind);
  return inputs.every((input) => !input.required || input.default !== null);
}

/** Whether a start usually brings a body. */
export function asksForBody(triggerKind: string): boolean {
  return triggerKind === "webhook" || triggerKind === "event";
}

/** A body for the webhook's example: the samples, else the defaults. */
export function sampleBody(inputs: DeclaredInput[]): string {
  const values = inputs.map((input): [string, Json] => [input.name, input.sample ?? input.default ?? ""]);
  return formatExact(Object.fromEntries(values), 2);
}

function entries(document: Json, key: string): [string, JsonObject][] {
  const part = isObject(document) ? document[key] : null;
  return isObject(part)
    ? Object.entries(part).filter((entry): entry is [string, JsonObject] => isObject(entry[1]))
    : [];
}

function isInputType(value: Json | undefined): value is InputType {
  return typeof value === "string" && TYPES.includes(value);
}

function textOf(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
