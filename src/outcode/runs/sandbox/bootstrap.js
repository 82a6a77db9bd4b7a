// Runs once in every new isolate, before any user code: takes away what could wait, share or signal, gives a
// console and timers that end with their call, and freezes everything so that no call can prepare a trap for the next.
// `__SECRET__` is replaced by a random name, so that user code cannot reach the doors at the end.
const __SECRET__ = (() => {
  "use strict";

  const MAX_LINES = 1000;
  const MAX_LINE_LENGTH = 2048;
  const MAX_LOG_LENGTH = 8 * 1024 * 1024;
  const MAX_ERROR_LENGTH = 2000;

  // ---- taken away -----------------------------------------------------------------------------------------------
  const { waitAsync } = Atomics;
  const SharedBuffer = SharedArrayBuffer;
  for (const name of ["Atomics", "SharedArrayBuffer", "WebAssembly", "FinalizationRegistry", "WeakRef"]) {
    delete globalThis[name];
  }
  // The last match of a pattern would be readable by the next call.
  for (const name of Reflect.ownKeys(RegExp)) {
    if (typeof name === "string" && /^(\$.|input|lastMatch|lastParen|leftContext|rightContext)$/.test(name)) {
      delete RegExp[name];
    }
  }

  // ---- timers ---------------------------------------------------------------------------------------------------
  const timers = new Set();
  let lastTimer = 0;
  let giveUp = null;

  function setTimeout(callback, delay, ...values) {
    if (typeof callback !== "function") throw new TypeError("setTimeout needs a function");
    const id = ++lastTimer;
    timers.add(id);
    const view = new Int32Array(new SharedBuffer(4));
    waitAsync(view, 0, 0, Math.max(1, Number(delay) || 0)).value.then(() => {
      if (!timers.delete(id)) return;
      try {
        callback(...values);
      } catch (error) {
        giveUp?.(error);
      }
    });
    return id;
  }

  function clearTimeout(id) {
    timers.delete(id);
  }

  // ---- console --------------------------------------------------------------------------------------------------
  let lines = [];
  let linesLeftOut = 0;
  let logLength = 0;

  function show(value) {
    if (typeof value === "string") return value;
    if (typeof value === "function") return `[Function ${value.name || "anonymous"}]`;
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value !== "object" || value === null) return String(value);
    if (value instanceof Error) return String(value.stack || value);
    try {
      if (value instanceof Map || value instanceof Set) return `${value.constructor.name} ${show([...value])}`;
      return JSON.stringify(value) ?? String(value);
    } catch {
      return Object.prototype.toString.call(value);
    }
  }

  function write(...values) {
    if (lines.length >= MAX_LINES || logLength >= MAX_LOG_LENGTH) {
      linesLeftOut += 1;
      return;
    }
    const line = values.map((value) => show(value)).join(" ").slice(0, MAX_LINE_LENGTH);
    logLength += line.length;
    lines.push(line);
  }

  function takeLines() {
    if (linesLeftOut > 0) {
      if (lines.length >= MAX_LINES) {
        lines.pop();
        linesLeftOut += 1;
      }
      lines.push(`… ${linesLeftOut} more lines were not kept`);
    }
    const taken = lines;
    lines = [];
    linesLeftOut = 0;
    return taken;
  }

  const console = {};
  for (const name of ["log", "info", "debug", "warn", "error", "trace", "dir", "table"]) {
    console[name] = (...values) => write(...values);
  }
  for (const name of ["assert", "clear", "count", "countReset", "group", "groupCollapsed", "groupEnd", "time", "timeEnd", "timeLog"]) {
    console[name] = () => undefined;
  }

  // ---- results --------------------------------------------------------------------------------------------------
  class NotJson extends Error {
    constructor(type, key) {
      super(type);
      this.type = type;
      this.key = key;
    }
  }

  // JSON would leave these out or write {} in their place; a person should hear of it. Only while a result is written:
  // JSON.stringify in user code behaves as everywhere.
  let writingResult = false;
  for (const [type, otherwise] of [
    [Function, () => undefined],
    [BigInt, (value) => value],
    [Map, (value) => value],
    [Set, (value) => value],
    [Promise, (value) => value],
  ]) {
    Object.defineProperty(type.prototype, "toJSON", {
      writable: true,
      configurable: true,
      value: function toJSON(key) {
        if (writingResult) throw new NotJson(type.name, key);
        return otherwise(this);
      },
    });
  }

  // Half of a pair of surrogates is no character and has no UTF-8: it becomes �, as everywhere where text leaves a script.
  function jsonOf(value) {
    const text = JSON.stringify(value);
    if (text === undefined || !text.includes("\\ud")) return text;
    return text.replace(/(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, "$1\ufffd");
  }

  class NoLibrary extends Error {}

  function textOf(value) {
    if (value === undefined) return "null";
    if (typeof value === "symbol") throw new NotJson("Symbol", "");
    writingResult = true;
    try {
      return jsonOf(value) ?? "null";
    } finally {
      writingResult = false;
    }
  }

  function describe(error) {
    let name = "";
    let message;
    let stack = "";
    try {
      if (error instanceof NotJson) return { kind: "not_json", type: error.type, key: String(error.key) };
      if (error instanceof NoLibrary) return { kind: "no_library", name: error.message };
      if (error instanceof Error) {
        name = String(error.name);
        message = String(error.message);
        stack = String(error.stack);
      } else {
        message = show(error);
      }
    } catch {
      message = "(a value that cannot be shown)";
    }
    if (name === "RangeError" && message === "Array buffer allocation failed") return { kind: "memory" };
    const kind = name === "TypeError" && message.startsWith("Converting circular structure") ? "circular" : "runtime";
    const frame = stack.split("\n").find((line) => /^ {4}at .*script\.js:\d+:\d+\)?$/.test(line));
    const place = frame === undefined ? null : /script\.js:(\d+):(\d+)\)?$/.exec(frame);
    return {
      kind,
      name: name.slice(0, 200),
      message: message.slice(0, MAX_ERROR_LENGTH),
      line: place ? Number(place[1]) : null,
      column: place ? Number(place[2]) : null,
    };
  }

  // ---- calls ----------------------------------------------------------------------------------------------------
  let userFunction = null;
  let finished = null;
  let running = null;

  // The source must be one function from its first character to its last; text that closes it early is refused.
  function install(candidate, source) {
    if (typeof candidate !== "function" || Function.prototype.toString.call(candidate) !== source) return false;
    userFunction = candidate;
    return true;
  }

  async function callOnce(argument, values, limit) {
    const began = Date.now();
    let outcome;
    try {
      const value = await new Promise((resolve, reject) => {
        giveUp = reject;
        userFunction(argument, ...values).then(resolve, reject);
      });
      const text = textOf(value);
      outcome = text.length > limit ? '"error":{"kind":"too_large"}' : `"value":${text}`;
    } catch (error) {
      outcome = `"error":${jsonOf(describe(error))}`;
    }
    giveUp = null;
    timers.clear();
    for (const forget of forgetting) forget();
    const logs = lines.length > 0 || linesLeftOut > 0 ? jsonOf(takeLines()) : "[]";
    return `{${outcome},"logs":${logs},"duration_ms":${Date.now() - began}}`;
  }

  async function callEach(calls, limit, totalLimit) {
    const texts = [];
    let total = 0;
    for (let index = 0; index < calls.arguments.length; index += 1) {
      const text = await callOnce(calls.arguments[index], calls.variables[index], limit);
      total += text.length;
      if (total > totalLimit) {
        finished = '{"outcome":"too_large"}';
        return;
      }
      texts.push(text);
    }
    finished = `{"outcome":"done","results":[${texts.join(",")}]}`;
  }

  function start(text, limit, totalLimit) {
    finished = null;
    logLength = 0;
    running = callEach(JSON.parse(text), limit, totalLimit);
  }

  // What has finished, or undefined. Runs only after all that the call left to do at once has been done.
  function collect() {
    const text = finished ?? undefined;
    if (text !== undefined) {
      finished = null;
      running = null;
    }
    return text;
  }

  // ---- frozen ---------------------------------------------------------------------------------------------------
  // On a frozen prototype, `counts["constructor"] = 1` or `error.name = "x"` would fail on every object that inherits
  // the name; an accessor that defines the name on the object itself keeps ordinary code working.
  function letHeirsOverride(prototype, keys = Reflect.ownKeys(prototype)) {
    for (const key of keys) {
      const { value, configurable, writable, enumerable } = Reflect.getOwnPropertyDescriptor(prototype, key);
      if (!configurable || !writable) continue;
      Object.defineProperty(prototype, key, {
        get: () => value,
        set(other) {
          if (this === prototype) throw new TypeError(`${String(key)} of a built-in prototype cannot be changed`);
          Object.defineProperty(this, key, { value: other, writable: true, enumerable: true, configurable: true });
        },
        enumerable,
        configurable: false,
      });
    }
  }

  function freezeAll(roots) {
    const seen = new Set();
    const waiting = [...roots];
    while (waiting.length > 0) {
      const item = waiting.pop();
      if (item === null || (typeof item !== "object" && typeof item !== "function") || seen.has(item)) continue;
      seen.add(item);
      waiting.push(Reflect.getPrototypeOf(item));
      for (const key of Reflect.ownKeys(item)) {
        const found = Reflect.getOwnPropertyDescriptor(item, key);
        waiting.push(found.value, found.get, found.set);
      }
      Object.freeze(item);
    }
  }

  // ---- libraries ------------------------------------------------------------------------------------------------
  // Most scripts use none, so each is compiled when it is first named. All that it is built on is frozen by then, and
  // so is the library before anyone sees it. What it keeps where freezing does not reach is set back after each call.
  let packed = "{}";
  const forgetting = [];

  function supply(text) {
    packed = text;
  }

  function offer(name, prepare) {
    let library;
    let loading = false;

    function load() {
      const source = JSON.parse(packed)[name];
      if (source === undefined) throw new NoLibrary(name);
      const made = Function(source)();
      const { roots, forget } = prepare(made);
      freezeAll([made, ...roots]);
      forgetting.push(forget);
      library = made;
    }

    Object.defineProperty(globalThis, name, {
      get() {
        // While it loads, lodash itself looks whether there is another.
        if (library === undefined && !loading) {
          loading = true;
          try {
            load();
          } finally {
            loading = false;
          }
        }
        return library;
      },
    });
  }

  offer("_", (lodash) => {
    let last = 0;
    lodash.mixin({ uniqueId: (prefix = "") => `${prefix}${++last}` }, { chain: false });
    return {
      roots: [lodash([]), lodash([]).map(), new lodash.memoize.Cache()],
      forget() {
        last = 0;
      },
    };
  });

  offer("dayjs", (dayjs) => ({
    roots: [dayjs(), dayjs().$utils()],
    forget() {
      dayjs.locale("en");
      dayjs.tz.setDefault();
    },
  }));

  globalThis.setTimeout = setTimeout;
  globalThis.clearTimeout = clearTimeout;
  globalThis.__timer_manager = undefined;
  Object.defineProperty(globalThis, "console", { value: console });

  const errors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];
  for (const type of [Object, Function, ...errors]) letHeirsOverride(type.prototype);
  for (const type of [BigInt, Map, Set, Promise]) letHeirsOverride(type.prototype, ["toJSON"]);

  const words = new Intl.Segmenter("en", { granularity: "word" }).segment("a");
  freezeAll([
    globalThis,
    NotJson,
    NoLibrary,
    __TimerManager,
    // What no global name leads to.
    (function* () {})(),
    (async function* () {})(),
    async () => undefined,
    [][Symbol.iterator](),
    ""[Symbol.iterator](),
    "".matchAll(/a/g),
    new Map()[Symbol.iterator](),
    new Set()[Symbol.iterator](),
    Iterator.from({ next: () => ({ done: true }) }),
    [].values().map((item) => item),
    words,
    words[Symbol.iterator](),
    Object.getOwnPropertyDescriptor((function () { "use strict"; return arguments; })(), "callee")?.get,
  ]);

  return { install, supply, start, collect, settled: () => running };
})();
__SECRET__;
