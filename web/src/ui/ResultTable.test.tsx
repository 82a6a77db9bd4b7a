import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { isObject, parseExact } from "../client/exact";
import { draw } from "../testing/render";
import { KeyValueTable, ResultTable } from "./ResultTable";

function rows(text: string) {
  const value = parseExact(text);
  if (!Array.isArray(value)) throw new Error("not a list");
  return value.filter(isObject);
}

describe("ResultTable", () => {
  it("has a column for every key that any row has, in order of appearance", () => {
    draw(<ResultTable rows={rows('[{"id":1,"name":"Kim"},{"id":2,"city":"서울"}]')} label="Result" />);
    const heads = screen.getAllByRole("columnheader").map((head) => head.textContent);
    expect(heads).toEqual(["", "id", "name", "city"]);
    expect(screen.getByText("서울")).toBeVisible();
  });

  it("shows digits as they came and null apart from missing", () => {
    draw(<ResultTable rows={rows('[{"n":12345678901234567890,"d":1.10,"x":null},{"n":1}]')} label="Result" />);
    const [, first, second] = screen.getAllByRole("row");
    expect(first).toHaveTextContent("12345678901234567890");
    expect(first).toHaveTextContent("1.10");
    expect(first).toHaveTextContent("null");
    expect(second).not.toHaveTextContent("null");
  });

  it("aligns a column of numbers to the right, and only such a column", () => {
    draw(<ResultTable rows={rows('[{"n":1,"t":"1"},{"n":null,"t":2}]')} label="Result" />);
    expect(screen.getByRole("columnheader", { name: "n" })).toHaveAttribute("data-numeric");
    expect(screen.getByRole("columnheader", { name: "t" })).not.toHaveAttribute("data-numeric");
  });

  it("draws the first 200 rows", () => {
    draw(<ResultTable rows={Array.from({ length: 450 }, (_, id) => ({ id }))} label="Result" />);
    expect(screen.getAllByRole("row")).toHaveLength(201);
  });

  it("offers a file for download and writes nested values as JSON", () => {
    const file = { fileId: "a b", name: "bill.pdf", mediaType: "application/pdf", size: 48_213 };
    draw(<KeyValueTable value={{ file, list: [1, { a: true }] }} label="Result" />);
    const link = within(screen.getByRole("region", { name: "Result" })).getByRole("link", {
      name: "Download bill.pdf",
    });
    expect(link).toHaveAttribute("href", "/api/v1/files/a%20b");
    expect(screen.getByText('[1,{"a":true}]')).toBeVisible();
  });
});
