/**
 * JSON without loss of digits: the server sends integers of any size and exact decimals, which a JavaScript number
 * cannot hold. A number that would change by being read is kept as its own text.
 */

export class ExactNumber {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

export type Json = null | boolean | number | ExactNumber | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Throws SyntaxError when `text` is not JSON. */
export function parseExact(text: string): Json {
  const mark = `number-${Math.random().toString(36).slice(2)}`;
  JSON.parse(text); // Refuses broken text before it is touched, with the places of the original.
  const marked = text.replace(STRING_OR_NUMBER, (token) =>
    token.startsWith('"') || String(Number(token)) === token ? token : JSON.stringify({ [mark]: token }),
  );
  return JSON.parse(marked, (_key, value: unknown) => {
    if (isPlainObject(value) && typeof value[mark] === "string") return new ExactNumber(value[mark]);
    return value;
  }) as Json;
}

/** The JSON text of a value, digits as they came. */
export function formatExact(value: Json, indent = 2): string {
  return write(value, " ".repeat(indent), "");
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function write(value: Json, step: string, indent: string): string {
  if (value instanceof ExactNumber) return value.text;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const deeper = indent + step;
  const parts = isList
    ? value.map((item) => write(item, step, deeper))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${step && " "}${write(item, step, deeper)}`);
  const [open, close] = isList ? "[]" : "{}";
  if (parts.length === 0) return `${open}${close}`;
  return step
    ? `${open}\n${deeper}${parts.join(`,\n${deeper}`)}\n${indent}${close}`
    : `${open}${parts.join(",")}${close}`;
}
