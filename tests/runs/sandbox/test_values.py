from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from outcode.runs.sandbox import SandboxPool, ScriptResult
from outcode.values.problems import Problem

Run = Callable[..., Awaitable[ScriptResult]]
Fail = Callable[..., Awaitable[Problem]]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -1,
        2**53,
        Decimal("19.9"),
        Decimal("0.1"),
        "한글 👍 \u2028 \"'\\ \x00",
        [],
        {},
        [1, [2, {"이름": "홍길동", "n": None}]],
        {"__proto__": {"a": 1}, "constructor": 2, "toString": 3, "toJSON": "4"},
    ],
)
async def test_a_value_comes_back_as_it_went_in(run: Run, value: Any) -> None:
    assert (await run("return input", value)).value == value


@pytest.mark.parametrize(
    ("argument", "type_name", "shown"),
    [
        (2**53 + 1, "string", "9007199254740993"),
        (-(10**30), "string", "-1" + "0" * 30),
        (Decimal("1.2345678901234567890"), "string", "1.2345678901234567890"),
        (Decimal("1E+400"), "string", "1" + "0" * 400),
        (Decimal("1E-400"), "string", "0." + "0" * 399 + "1"),
        (Decimal("0.1"), "number", "0.1"),
        (Decimal("1.50"), "number", "1.5"),
        (2**53, "number", "9007199254740992"),
        ("1234567890123456789", "string", "1234567890123456789"),
        (10**400, "string", "1" + "0" * 400),
        (-(2**53), "number", "-9007199254740992"),
    ],
)
async def test_numbers_that_a_double_cannot_hold_arrive_as_text(
    run: Run, argument: Any, type_name: str, shown: str
) -> None:
    result = await run("return [typeof input.n, String(input.n)]", {"n": argument})
    assert result.value == [type_name, shown]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("", None),
        ("return undefined", None),
        ("return [undefined, NaN, Infinity, -0]", [None, None, None, 0]),
        ("return {a: undefined, b: 1}", {"b": 1}),
        ("return new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("return {at: new Date(NaN)}", {"at": None}),
        ("return [Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, 5e-324]",
         [2**53 - 1, Decimal("1.7976931348623157E+308"), Decimal("5E-324")]),
        ("return String(2n ** 64n)", "18446744073709551616"),
        ("return ['가'.normalize('NFD').length, [...'👨\u200d👩'].length, 'İ'.toLowerCase().length]", [2, 3, 2]),
        ("const 합계 = {키: '값'}; return 합계", {"키": "값"}),
        ("return 0.1 + 0.2", Decimal("0.30000000000000004")),
        ("return 1e21", Decimal("1E+21")),
        ("return await Promise.resolve(5)", 5),
        ("return Promise.resolve([1])", [1]),
        ("return await Promise.all([1, 2].map(async (n) => n * 2))", [2, 4]),
        ("return await new Promise((resolve) => setTimeout(resolve, 5, 'later'))", "later"),
        ("const id = setTimeout(() => { throw new Error('never') }, 1); clearTimeout(id); return 1", 1),
        ("return input // a comment at the end", None),
        ("const seen = {}; for (const w of ['constructor', 'a']) seen[w] = 1; return seen", {"constructor": 1, "a": 1}),
        ("return '👍'.slice(0, 1) + '\\\\ud83d' + '\\ud83d\\ud83d'", "\ufffd\\ud83d\ufffd\ufffd"),
        ("return {['👍'.slice(1)]: ['\\\\', '👍']}", {"\ufffd": ["\\", "👍"]}),
        ("class Mine extends Error {}; const e = new Mine('m'); e.name = 'Other'; return String(e)", "Other: m"),
        ("const m = new Map(); m.toJSON = () => 'mine'; return m", "mine"),
        ("return JSON.parse(JSON.stringify({f() {}, m: new Map(), a: 1}))", {"m": {}, "a": 1}),
        ("return new Date(2026, 0, 1, 9).toISOString()", "2026-01-01T09:00:00.000Z"),
        ("return new Intl.NumberFormat('ko-KR', {style: 'currency', currency: 'KRW'}).format(1000)", "₩1,000"),
    ],
)  # fmt: skip
async def test_what_code_returns(run: Run, code: str, value: Any) -> None:
    assert (await run(code)).value == value


async def test_references_are_variables_never_source_text(run: Run) -> None:
    variables = {"__ref0": "'); throw new Error('injected'); ('", "__ref1": {"n": 2**60}}
    result = await run("return [__ref0, `${__ref1.n}`, input]", {"a": 1}, variables=variables)
    assert result.value == [variables["__ref0"], str(2**60), {"a": 1}]


async def test_a_variable_must_be_a_name(fail: Fail) -> None:
    for name in ("input", "a-b", "a){}", ""):
        assert (await fail("return 1", variables={name: 1})).code == "script_variable_name"


async def test_console_lines_are_kept_up_to_their_limits(run: Run) -> None:
    code = (
        "console.log('a', {b: 1}, [2], null, undefined, 3n, new Map([['k', 1]])); console.error(new Error('x').message)"
    )
    assert (await run(code)).logs == ['a {"b":1} [2] null undefined 3n Map [["k",1]]', "x"]

    many = (await run("for (let i = 0; i < 5000; i++) console.log(i)")).logs
    assert (len(many), many[998], many[999]) == (1000, "998", "… 4001 more lines were not kept")

    wide = (await run("console.log('가'.repeat(100000)); const o = {}; o.o = o; console.log(o)")).logs
    assert len(wide[0].encode()) <= 2048
    assert set(wide[0]) == {"가"}
    assert wide[1] == "[object Object]"

    huge = await run("for (let i = 0; i < 1e5; i++) console.log('가나다'.repeat(1000)); return 1")
    assert (huge.value, len(huge.logs)) == (1, 1000)
    assert sum(len(line.encode()) for line in huge.logs) <= 1000 * 2048


async def test_limits_are_checked_before_anything_runs(fail: Fail) -> None:
    assert (await fail("return 1", timeout_seconds=61)).code == "script_limit"
    assert (await fail("return 1", memory_mb=8)).code == "script_limit"
    assert (await fail("return '\ud83d'")).code == "script_syntax_error"
    assert (await fail("//" + "x" * 200_000)).code == "script_code_too_long"
    assert (await fail("return 1", ["x" * 1000] * 40_000)).code == "script_argument_too_large"
    assert (await fail("return 1", [object()])).code == "json_not_representable"


async def test_a_whole_table_is_one_call(run: Run) -> None:
    rows = [{"id": index, "text": "한글" * 10, "price": Decimal("19.9")} for index in range(100_000)]
    code = "return input.filter((row) => row.price < 20).map(({id, text}) => [id, text.slice(0, 2)])"
    result = await run(code, rows, memory_mb=512)
    assert result.value == [[index, "한글"] for index in range(100_000)]


async def test_a_batch_answers_each_argument_in_order(pool: SandboxPool) -> None:
    code = "console.log(x); if (input.n === 2) throw new Error('two'); return input.n === 3 ? 1n : input.n + x"
    outcomes = await pool.run_many(
        team="t1",
        code=code,
        arguments=[{"n": number} for number in range(300)],
        variables=[{"x": number * 10} for number in range(300)],
        timeout_seconds=20,
        memory_mb=128,
    )
    assert len(outcomes) == 300
    values = [outcome.code if isinstance(outcome, Problem) else outcome.value for outcome in outcomes]
    assert values[:5] == [0, 11, "script_runtime_error", "script_result_not_json", 44]
    last = outcomes[299]
    assert not isinstance(last, Problem)
    assert (last.value, last.logs) == (3289, ["2990"])
    assert await pool.run_many(
        team="t1", code=code, arguments=[], variables=[], timeout_seconds=1, memory_mb=16
    ) == []  # fmt: skip


async def test_a_batch_is_bounded_together(pool: SandboxPool) -> None:
    with pytest.raises(Problem) as caught:
        await pool.run_many(
            team="t1",
            code="return 'x'.repeat(4 * 1024 * 1024)",
            arguments=[None] * 20,
            variables=[{}] * 20,
            timeout_seconds=20,
            memory_mb=512,
        )
    assert caught.value.code == "script_results_too_large"
