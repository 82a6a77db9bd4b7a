/** How one value of a result is shown in a cell. */
import { ExactNumber, formatExact, isObject, type Json, type JsonObject } from "../client/exact";

export interface StoredFile {
  fileId: string;
  name: string;
  mediaType: string;
  size: number;
}

/** The file that a value stands for, if it stands for one. */
export function storedFile(value: Json): StoredFile | null {
  if (!isObject(value)) return null;
  const { fileId, name, mediaType, size } = value;
  if (typeof fileId !== "string" || typeof name !== "string") return null;
  if (typeof mediaType !== "string" || typeof size !== "number") return null;
  return { fileId, name, mediaType, size };
}

export function isNumber(value: Json | undefined): boolean {
  return typeof value === "number" || value instanceof ExactNumber;
}

export function cellText(value: Json): string {
  return typeof value === "string" ? value : formatExact(value, 0);
}

/** The rows of a table, when the value is a list of objects. */
export function rowsOf(value: Json): JsonObject[] | null {
  return Array.isArray(value) && value.length > 0 && value.every(isObject) ? value : null;
}

/** All keys in order of first appearance. */
export function columnsOf(rows: JsonObject[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}
