from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from outcode.runs.sandbox import ScriptResult
from outcode.values.problems import InputProblem, Problem, TooLarge

Run = Callable[..., Awaitable[ScriptResult]]
Fail = Callable[..., Awaitable[Problem]]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("code", "line", "column", "reason"),
    [
        ("let x = ;", 1, 9, "Unexpected token ';'"),
        ("const 이름 = '홍';\nlet y = 이름 +;\nreturn 1", 2, 13, "Unexpected token ';'"),
        ("const a = 1;\nconst a = 2;", 2, 7, "Identifier 'a' has already been declared"),
        ("let input = 1", 1, 5, "Identifier 'input' has already been declared"),
        ("if (input) {\n  return 1;\n", 3, 1, "the code ends before a bracket is closed"),
        ("import x from 'y'", 1, 1, "Cannot use import statement outside a module"),
    ],
)
async def test_syntax_errors_have_their_place(fail: Fail, code: str, line: int, column: int, reason: str) -> None:
    problem = await fail(code)
    assert isinstance(problem, InputProblem)
    assert problem.code == "script_syntax_error"
    assert (problem.place.line, problem.place.column) == (line, column)
    assert reason in problem.message("en")
    assert reason in problem.message("ko")


@pytest.mark.parametrize(
    "code",
    [
        "}); (async function () {",
        "return 1 }); while (false) {} (async function (input) {",
        "}); throw 1; (async function () {",
        "}, async function () {",
    ],
)
async def test_code_cannot_leave_its_function(fail: Fail, code: str) -> None:
    assert (await fail(code)).code == "script_syntax_error"


@pytest.mark.parametrize(
    ("code", "line", "reason"),
    [
        ("\n\nnull.foo", 3, "TypeError: Cannot read properties of null (reading 'foo')"),
        ("const f = () => {\n  missing();\n};\n\nf();", 2, "ReferenceError: missing is not defined"),
        ("total = 1", 1, "ReferenceError: total is not defined"),
        ("await 0;\nthrow new RangeError('한글')", 2, "RangeError: 한글"),
        ("await new Promise((r) => setTimeout(r, 1));\nthrow new Error('later')", 2, "Error: later"),
        ("setTimeout(() => {\n  throw new Error('timer');\n}, 1);\nawait new Promise(() => {})", 2, "Error: timer"),
        ("return [3, 1].map((n) => {\n  return n.x.y;\n})", 2, "TypeError: Cannot read properties of undefined"),
        ("const f = () => f();\nf()", 1, "RangeError: Maximum call stack size exceeded"),
        ("const even = (n) => odd(n), odd = (n) => even(n);\neven(1)", 1, "RangeError: Maximum call stack"),
        ("const o = {get x() {\n  return this.x }};\no.x", 2, "RangeError: Maximum call stack size exceeded"),
        ("return {toJSON() { return {toJSON: this.toJSON, a: JSON.stringify(this)} }}", 1, "RangeError: Maximum call"),
        ("throw 5", None, "5"),
        ("throw 'a text'", None, "a text"),
        ("throw null", None, "null"),
        ("throw {code: 7}", None, '{"code":7}'),
        ("throw ''", None, "an empty value was thrown"),
        ("throw new Proxy({}, {getPrototypeOf() { throw 1 }})", None, "(a value that cannot be shown)"),
        ("throw Object.assign(new Error('x'), {stack: {}})", None, "Error: x"),
        ("return {toJSON() {\n  throw new Error('mine');\n}}", 2, "Error: mine"),
        ("return import('fs')", 1, "Not supported"),
    ],
)  # fmt: skip
async def test_runtime_errors_have_their_line(fail: Fail, code: str, line: int | None, reason: str) -> None:
    problem = await fail(code)
    assert problem.code == "script_runtime_error"
    assert problem.place.line == line
    assert reason in problem.message("en")


async def test_what_was_logged_before_a_failure_is_kept(fail: Fail) -> None:
    problem = await fail("for (let i = 0; i < 50; i++) console.log(i); throw new Error('x')")
    assert problem.details["logs"] == [str(number) for number in range(30, 50)]


@pytest.mark.parametrize(
    ("code", "type_name", "key"),
    [
        ("return () => 1", "Function", "return"),
        ("return {f() {}}", "Function", "f"),
        ("return [class {}]", "Function", "0"),
        ("return 1n", "BigInt", "return"),
        ("return {deep: {id: 12345678901234567890n}}", "BigInt", "id"),
        ("return new Map([[1, 2]])", "Map", "return"),
        ("return {s: new Set()}", "Set", "s"),
        ("return [1].map(async (n) => n)", "Promise", "0"),
        ("return Symbol('x')", "Symbol", "return"),
    ],
)
async def test_what_json_has_no_form_for_is_refused(fail: Fail, code: str, type_name: str, key: str) -> None:
    problem = await fail(code)
    assert isinstance(problem, InputProblem)
    assert (problem.code, problem.details) == ("script_result_not_json", {"type": type_name, "key": key})
    assert type_name in problem.message("ko")


async def test_a_cycle_is_refused(fail: Fail) -> None:
    problem = await fail("const o = {}; o.self = o; return o")
    assert problem.code == "script_result_circular"
    assert "self" in problem.message("en")


async def test_nesting_without_end_is_refused(run: Run, fail: Fail) -> None:
    code = "let nested = []; for (let i = 0; i < input; i++) nested = [nested]; return nested"
    assert (await run(code, 200)).value is not None
    assert (await fail(code, 3000)).code == "script_result_unreadable"


async def test_a_large_result_is_refused_and_one_below_the_limit_passes(fail: Fail, run: Run) -> None:
    problem = await fail("return 'x'.repeat(5 * 1024 * 1024)")
    assert isinstance(problem, TooLarge)
    assert problem.code == "script_result_too_large"
    # Fewer characters than the limit, but three bytes each.
    assert (await fail("return '가'.repeat(2 * 1024 * 1024)")).code == "script_result_too_large"
    assert len((await run("return 'x'.repeat(5 * 1024 * 1024 - 2)")).value) == 5 * 1024 * 1024 - 2
