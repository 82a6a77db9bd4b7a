import type { Run } from "../client/types";
import type { Source } from "../features/runs/live";

/** Stands for the browser's EventSource, which jsdom lacks; a test sends, opens and drops by hand. */
export class FakeSource implements Source {
  static readonly opened: FakeSource[] = [];
  readyState = 0;
  onopen: Source["onopen"] = null;
  onerror: Source["onerror"] = null;
  private listener: ((event: MessageEvent<string>) => void) | null = null;

  constructor(readonly url: string) {
    FakeSource.opened.push(this);
  }

  static last(): FakeSource {
    const source = FakeSource.opened.at(-1);
    if (!source) throw new Error("no source was opened");
    return source;
  }

  addEventListener(_type: "run", listener: (event: MessageEvent<string>) => void): void {
    this.listener = listener;
  }

  close(): void {
    this.readyState = 2;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }

  send(run: Run): void {
    this.listener?.(new MessageEvent("run", { data: JSON.stringify(run) }));
  }

  drop(into: "connecting" | "closed"): void {
    this.readyState = into === "closed" ? 2 : 0;
    this.onerror?.(new Event("error"));
  }
}
