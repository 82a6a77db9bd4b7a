"""``_`` and ``dayjs``: there in every script, and as unchangeable as what they stand on."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import outcode
from outcode.runs.sandbox import SandboxPool, ScriptResult, pool
from outcode.values.problems import Problem, SetupProblem

Run = Callable[..., Awaitable[ScriptResult]]
Fail = Callable[..., Awaitable[Problem]]

PACKED = Path(pool.__file__).with_name("libraries.json")
needs_libraries = pytest.mark.skipif(not PACKED.is_file(), reason="`make web` has not packed the libraries")
pytestmark = [pytest.mark.asyncio(loop_scope="module"), needs_libraries]

ORDERS = [
    {"주문": "A-1", "지역": "서울", "금액": 12000, "일시": "2026-03-01 09:30"},
    {"주문": "A-2", "지역": "부산", "금액": 8000, "일시": "2026-03-01 23:59"},
    {"주문": "A-3", "지역": "서울", "금액": 30000, "일시": "2026-03-02 00:10"},
]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("return [_.VERSION, dayjs.isDayjs(dayjs())].map((part) => typeof part)", ["string", "boolean"]),
        ("return _.chunk([1, 2, 3], 2)", [[1, 2], [3]]),
        ("return _.countBy(['constructor', 'toString', 'a', 'a'])", {"constructor": 1, "toString": 1, "a": 2}),
        ("return _([3, 1, 2]).sortBy().map((n) => n * 2).take(2)", [2, 4]),
        ("return _.chain({a: {b: [{c: 1}]}}).get('a.b[0].c').value()", 1),
        ("return _.template('<%- name %>: <% each(list, (n) => { %>[<%= n %>]<% }) %>', {imports: {each: _.each}})"
         "({name: '<가>', list: [1, 2]})", "&lt;가&gt;: [1][2]"),
        ("return [_.uniqueId(), _.uniqueId('row-'), _.chain('x').uniqueId().value()]", ["1", "row-2", "x3"]),
        ("let n = 0; const later = _.debounce(() => { n += 1 }, 5); later(); later();"
         " await new Promise((go) => setTimeout(go, 30)); return n", 1),
        ("return _.memoize((n) => n * 2)(4)", 8),
        ("const mine = _.runInContext(); mine.mixin({twice: (n) => n * 2}); return mine.twice(2)", 4),
        ("const _ = 5; const dayjs = 6; return _ + dayjs", 11),
        ("return [1, 2].map((_, index) => index)", [0, 1]),
        ("return dayjs('2026-01-31').add(1, 'month').format('YYYY-MM-DD')", "2026-02-28"),
        ("return {at: dayjs.utc(0)}", {"at": "1970-01-01T00:00:00.000Z"}),
        ("return ['01:30', '03:30'].map((at) => dayjs.tz(`2026-03-08 ${at}`, 'America/New_York').toISOString())",
         ["2026-03-08T06:30:00.000Z", "2026-03-08T07:30:00.000Z"]),
        ("return dayjs.utc('2026-07-01T00:00:00Z').tz('Europe/Berlin').format()", "2026-07-01T02:00:00+02:00"),
        ("return dayjs.utc('2026-01-01T00:00:00Z').tz('Asia/Seoul').format('YYYY-MM-DD HH:mm Z z')",
         "2026-01-01 09:00 +09:00 GMT+9"),
        ("return dayjs('31.12.2025 7:05 pm', 'DD.MM.YYYY h:mm a').format('YYYY-MM-DDTHH:mm')", "2025-12-31T19:05"),
        ("return dayjs('2026-13-01', 'YYYY-MM-DD', true).isValid()", False),
        ("return dayjs('2026-01-02').format('Q Do k X w W gggg GGGG')", "1 2nd 24 1767312000 1 1 2026 2026"),
        ("return dayjs('2026-03-01').locale('ko').format('MMMM D일 dddd')", "3월 1일 일요일"),
    ],
)  # fmt: skip
async def test_they_do_their_work(run: Run, code: str, value: Any) -> None:
    assert (await run(code)).value == value


async def test_a_korean_table_is_summed_by_day_and_region(run: Run) -> None:
    code = """
      const 날짜 = (주문) => dayjs.tz(주문.일시, "Asia/Seoul").locale("ko").format("M월 D일 (dd)");
      return _(input.주문들)
        .groupBy((주문) => `${날짜(주문)} ${주문.지역}`)
        .map((묶음, 이름) => ({ 이름, 건수: 묶음.length, 합계: _.sumBy(묶음, "금액") }))
        .orderBy(["합계"], ["desc"])
        .value();
    """
    assert (await run(code, {"주문들": ORDERS})).value == [
        {"이름": "3월 2일 (월) 서울", "건수": 1, "합계": 30000},
        {"이름": "3월 1일 (일) 서울", "건수": 1, "합계": 12000},
        {"이름": "3월 1일 (일) 부산", "건수": 1, "합계": 8000},
    ]


@pytest.mark.parametrize(
    "attempt",
    [
        "_ = 1",
        "globalThis._ = 1",
        "delete globalThis.dayjs",
        "Object.defineProperty(globalThis, 'dayjs', {value: 1})",
        "_.chunk = () => 'bad'",
        "_.prototype.map = () => 'bad'",
        "Object.getPrototypeOf(_([1])).value = () => 'bad'",
        "Object.getPrototypeOf(_([1]).map().__wrapped__).value = () => 'bad'",
        "_.templateSettings.interpolate = /x/",
        "_.templateSettings.imports._ = 1",
        "_.memoize.Cache = Map",
        "_.memoize.Cache.prototype.get = () => 'bad'",
        "Object.getPrototypeOf(new _.memoize.Cache().__data__.hash).get = () => 'bad'",
        "_.bind.placeholder = 1",
        "_.map.kept = 1",
        "dayjs.utc = () => 'bad'",
        "dayjs.prototype.format = () => 'bad'",
        "dayjs().constructor.prototype.format = () => 'bad'",
        "dayjs.extend((_options, Dayjs) => { Dayjs.prototype.format = () => 'bad' })",
        "dayjs.extend((_options, Dayjs, factory) => { factory.kept = 1 })",
        "dayjs.locale({name: 'kept'})",
        "dayjs.locale('en', {name: 'en'})",
        "dayjs.Ls.ko.months[0] = 'bad'",
        "dayjs.en.ordinal = () => 'bad'",
        "dayjs().$utils().s = () => 'bad'",
        "dayjs.tz.guess = () => 'bad'",
        "dayjs.p.kept = 1",
    ],
)
async def test_they_cannot_be_changed(fail: Fail, attempt: str) -> None:
    problem = await fail(attempt)
    assert problem.code == "script_runtime_error"
    assert "TypeError" in problem.message("en")


@pytest.mark.parametrize(
    "attempt",
    [
        "_.mixin({chunk: () => 'bad'})",
        "_.mixin(_, {chunk: () => 'bad'})",
        "_.noConflict()",
        "_.set(Object.prototype, 'kept', 1)",
        "_.set({}, '__proto__.kept', 1)",
        '_.merge({}, JSON.parse(\'{"__proto__": {"kept": 1}, "constructor": {"prototype": {"kept": 1}}}\'))',
        "_.assign(_, {chunk: () => 'bad'})",
        "_.unset(_, 'chunk')",
        "_.remove([_], (lodash) => delete lodash.chunk)",
    ],
)
async def test_lodash_fails_to_change_them_without_a_word(run: Run, attempt: str) -> None:
    code = f"try {{ {attempt} }} catch {{}} return [_.chunk([1, 2, 3], 2), _([1]).chunk().value(), typeof {{}}.kept]"
    assert (await run(code)).value == [[[1, 2], [3]], [[1]], "undefined"]


async def test_everything_that_leads_on_from_them_is_frozen(run: Run) -> None:
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
      visit(_, "_");
      visit(dayjs, "dayjs");
      const seoul = dayjs.tz("2026-01-01 10:00", "Asia/Seoul");
      for (const [name, made] of Object.entries({
        wrapper: _([1]), lazy: _([1]).map().__wrapped__, chain: _.chain([1]), cache: new _.memoize.Cache(),
        hash: new _.memoize.Cache().__data__.hash, day: dayjs(), utc: dayjs.utc(), zone: seoul,
        parsed: dayjs("01", "DD"),
      })) visit(Object.getPrototypeOf(made), name);
      for (const key of ["$utils", "$locale"]) visit(seoul[key](), key);
      return [seen.size > 800, names];
    """
    assert (await run(code)).value == [True, []]


async def test_what_one_call_does_to_them_the_next_does_not_see(run: Run) -> None:
    code = """
      if (input === "first") {
        for (const attempt of [() => { _.chunk = 1 }, () => { dayjs.prototype.format = 1 }]) {
          try { attempt() } catch {}
        }
        dayjs.locale("ko");
        dayjs.tz.setDefault("Asia/Seoul");
      }
      return [
        _.uniqueId(), _.chunk([1, 2]).length, dayjs("2026-03-01").format("dddd"), dayjs.utc(0).tz().format("HH"),
      ];
    """
    assert (await run(code, "first")).value == ["1", 2, "일요일", "09"]
    for team in ("t1", "t2"):
        assert (await run(code, "second", team=team)).value == ["1", 2, "Sunday", "00"]


async def test_a_stack_without_room_leaves_no_half_loaded_library(run: Run) -> None:
    code = """
      let failures = 0;
      function deeper() {
        try { deeper() } catch {}
        try { _.VERSION } catch { failures += 1 }
      }
      deeper();
      return [failures > 0, _.chunk([1, 2], 1), Object.isFrozen(_.prototype)];
    """
    assert (await run(code)).value == [True, [[1], [2]], True]


@pytest.mark.parametrize(
    ("code", "line", "reason"),
    [
        ("const zone = 'Nowhere/At all';\nreturn dayjs().tz(zone)", 2, "RangeError: Invalid time zone specified"),
        ("\n\nreturn _.map([1], (n) => n.x.y)", 3, "TypeError: Cannot read properties of undefined"),
    ],
)
async def test_a_failure_inside_them_has_the_user_s_line(fail: Fail, code: str, line: int, reason: str) -> None:
    problem = await fail(code)
    assert (problem.code, problem.place.line) == ("script_runtime_error", line)
    assert reason in problem.message("en")


async def test_a_small_memory_has_room_for_them(run: Run) -> None:
    assert (await run("return [_.VERSION, dayjs.utc(0).year()].length", memory_mb=16)).value == 2


async def test_where_they_were_not_packed_only_scripts_that_name_them_fail(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare = shutil.ignore_patterns(PACKED.name, "static", "__pycache__")
    package = shutil.copytree(Path(outcode.__file__).parent, tmp_path / "outcode", ignore=bare)
    monkeypatch.setattr(outcode, "__file__", str(package / "__init__.py"))
    limits: dict[str, Any] = {"team": "t", "argument": 1, "variables": {}, "timeout_seconds": 20, "memory_mb": 64}
    async with SandboxPool(size=1) as bare_pool:
        assert (await bare_pool.run(code="return input", **limits)).value == 1
        for name in ("_", "dayjs"):
            with pytest.raises(SetupProblem) as caught:
                await bare_pool.run(code=f"return {name}", **limits)
            assert (caught.value.code, caught.value.details) == ("script_library_missing", {"name": name})
            assert "make web" in caught.value.hint("ko")
        caught_by_script = "try { _ } catch (error) { return Object.isFrozen(Object.getPrototypeOf(error)) }"
        assert (await bare_pool.run(code=caught_by_script, **limits)).value is True
