"""Nothing a call leaves behind is seen by the next; nothing a script can name leads out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from outcode.runs.sandbox import ScriptResult
from outcode.runs.sandbox.child import MAX_CALLS, Isolates
from outcode.runs.sandbox.frames import Call
from outcode.values.problems import Problem

Run = Callable[..., Awaitable[ScriptResult]]
Fail = Callable[..., Awaitable[Problem]]

pytestmark = pytest.mark.asyncio(loop_scope="module")

TAMPERINGS = [
    "Object.prototype.x = 1",
    "Array.prototype.map = () => 'bad'",
    "Array.prototype[0] = 'bad'",
    "Promise.prototype.then = 1",
    "JSON.stringify = () => 'bad'",
    "globalThis.kept = 1",
    "globalThis.Object = 1",
    "globalThis.console = {log() {}}",
    "console.log = () => {}",
    "Object.prototype.toString = 1",
    "Object.defineProperty(Object.prototype, 'toString', {value: 1})",
    "Object.defineProperty(Function.prototype, 'call', {get: () => 1})",
    "Object.setPrototypeOf(Array.prototype, {})",
    "Date.now = () => 0",
    "Error.prepareStackTrace = () => 'bad'",
    "RegExp.prototype.exec = () => null",
    "(function* () {})().__proto__.__proto__.next = 1",
    "Object.getPrototypeOf(async () => {}).x = 1",
    "[][Symbol.iterator]().__proto__.next = 1",
    "setTimeout.x = 1",
    "__TimerManager.x = 1",
    "Intl.NumberFormat.prototype.format = 1",
    "Function('this.kept = 1; kept2 = 2')(); throw new TypeError(String(globalThis.kept) + globalThis.kept2)",
    "(0, eval)('var kept = 1')",
    "Object.prototype.__proto__ = {kept: 1}",
    "Object.prototype.__defineGetter__('kept', () => 1)",
    "Array.prototype.push.call(Array.prototype, 'bad')",
    "Array.prototype[Symbol.iterator] = function* () {}",
    "Promise.resolve = () => 'bad'",
    "Promise.prototype.constructor = Array",
    "JSON.parse = () => 'bad'",
    "JSON[Symbol.toStringTag] = 'bad'",
    "String.prototype.slice = () => 'bad'",
    "Reflect.set(globalThis, 'kept', 1) || null.x",
    "Object.assign(Math, {random: () => 0})",
    "Symbol.prototype.description = 'bad'",
]


@pytest.mark.parametrize("attempt", TAMPERINGS)
async def test_built_ins_cannot_be_changed(fail: Fail, attempt: str) -> None:
    problem = await fail(attempt)
    assert problem.code == "script_runtime_error"
    assert "TypeError" in problem.message("en")


async def test_everything_reachable_is_frozen(run: Run) -> None:
    code = """
      const names = [];
      const seen = new Set();
      function visit(item, path) {
        if (item === null || (typeof item !== "object" && typeof item !== "function") || seen.has(item)) return;
        seen.add(item);
        if (!Object.isFrozen(item)) names.push(path);
        visit(Object.getPrototypeOf(item), path + ".__proto__");
        for (const key of Reflect.ownKeys(item)) {
          const found = Reflect.getOwnPropertyDescriptor(item, key);
          for (const part of ["value", "get", "set"]) visit(found[part], path + "." + String(key));
        }
      }
      visit(globalThis, "globalThis");
      for (const [name, item] of Object.entries({
        generator: Object.getPrototypeOf(function* () {}), asyncGenerator: Object.getPrototypeOf(async function* () {}),
        asyncFunction: Object.getPrototypeOf(async () => 1), arrayIterator: Object.getPrototypeOf([].keys()),
        mapIterator: Object.getPrototypeOf(new Map().keys()), setIterator: Object.getPrototypeOf(new Set().keys()),
        stringIterator: Object.getPrototypeOf(""[Symbol.iterator]()), matches: Object.getPrototypeOf("".matchAll(/a/g)),
        helper: Object.getPrototypeOf([].values().map((x) => x)), typed: Object.getPrototypeOf(Int8Array),
        wrapped: Object.getPrototypeOf(Iterator.from({next() {}})),
        segments: Object.getPrototypeOf(new Intl.Segmenter("en").segment("a")),
        segmentIterator: Object.getPrototypeOf(new Intl.Segmenter("en").segment("a")[Symbol.iterator]()),
      })) visit(item, name);
      return [seen.size > 500, names];
    """
    assert (await run(code)).value == [True, []]


async def test_nothing_is_left_for_the_next_call_of_the_same_code(run: Run, fail: Fail) -> None:
    code = """
      console.log("mine");
      if (input === "first") {
        /secret-([a-z]+)/.exec("secret-value");
        setTimeout(() => console.log("leaked"), 30);
        return 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 80));
      return [RegExp.$1, RegExp.lastMatch, RegExp["$_"], typeof leaked].map((item) => item ?? null);
    """
    await run(code, "first")
    second = await run(code, "second")
    assert second.value == [None, None, None, "undefined"]
    assert second.logs == ["mine"]


@pytest.mark.parametrize(
    "expression",
    [
        "typeof require",
        "typeof process",
        "typeof fetch",
        "typeof XMLHttpRequest",
        "typeof Deno",
        "typeof WebAssembly",
        "typeof SharedArrayBuffer",
        "typeof Atomics",
        "typeof WeakRef",
        "typeof FinalizationRegistry",
        "typeof input.constructor.constructor('return this')().process",
        "typeof (() => {}).constructor('return globalThis')().require",
        "typeof __timer_manager",
        "typeof Function('return this')().process",
        "typeof (0, eval)('this').require",
        "typeof Reflect.construct(Function, ['return globalThis.Deno'])()",
        "typeof (function* () {}).constructor('yield globalThis.process')().next().value",
        "typeof (await (async () => {}).constructor('return globalThis.fetch')())",
        "typeof setTimeout.constructor('return globalThis.WebAssembly')()",
        "typeof JSON.stringify.constructor('return globalThis.SharedArrayBuffer')()",
        "typeof new Proxy({}, {}).constructor.constructor('return globalThis.Atomics')()",
        "typeof ShadowRealm",
        "typeof Worker",
        "typeof gc",
        "typeof load",
        "typeof quit",
    ],
)
async def test_there_is_nothing_to_escape_to(run: Run, expression: str) -> None:
    assert (await run(f"return {expression}", {})).value == "undefined"


async def test_a_stack_shows_text_and_no_functions(run: Run, fail: Fail) -> None:
    code = """
      try { Error.prepareStackTrace = (error, frames) => frames } catch {}
      const target = {};
      Error.captureStackTrace(target);
      return [typeof target.stack, typeof new Error().stack];
    """
    assert (await run(code)).value == ["string", "string"]
    for attempt in ("return arguments.callee", "return (function f() { return f.caller })()", "with ({}) {}"):
        assert (await fail(attempt)).code in {"script_runtime_error", "script_syntax_error"}


async def test_what_was_taken_away_cannot_be_had_back(run: Run, fail: Fail) -> None:
    problem = await fail("await new Promise((resolve) => new __TimerManager().setTimeout(resolve, 1))")
    assert "ReferenceError" in problem.message("en")
    for code in (
        "return new ArrayBuffer(8).constructor.name",
        "return Reflect.ownKeys(globalThis).find((name) => String(name).startsWith('outcode')) ?? 'ArrayBuffer'",
        "try { null.x } catch (error) { return /outcode_[0-9a-f]/.test(error.stack) ? error.stack : 'ArrayBuffer' }",
    ):
        assert (await run(code)).value == "ArrayBuffer"


async def test_an_isolate_serves_one_team_and_one_code_and_not_for_ever() -> None:
    def call(team: str, code: str, *names: str) -> Call:
        return Call(team, code, list(names), msgspec.Raw(b"{}"), 64, 10)

    isolates = Isolates()
    mine = isolates.take(call("t1", "return 1"))
    isolates.give_back(call("t1", "return 1"), mine)
    for other in (call("t2", "return 1"), call("t1", "return 2"), call("t1", "return 1", "__ref0")):
        stranger = isolates.take(other)
        assert stranger is not mine
        stranger.close()
    assert isolates.take(call("t1", "return 1")) is mine

    mine.calls = MAX_CALLS
    isolates.give_back(call("t1", "return 1"), mine)
    renewed = isolates.take(call("t1", "return 1"))
    assert renewed is not mine
    renewed.close()
    isolates.clear()
