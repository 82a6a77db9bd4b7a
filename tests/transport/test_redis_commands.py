"""Declared commands on a real server: what is sent, what is made of the reply, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.appkit import Input, Outputs
from outcode.appkit.redis_calls import CommandByOption, RedisCommand, RedisScan, Several
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.redis import RedisTransport
from outcode.transport.redis.words import command_words, several
from outcode.values.json import dumps
from outcode.values.problems import InputProblem, Problem, TooLarge, VendorRejected
from tests.support.redis import PASSWORD, RedisServer, redis_server

Perform = Callable[..., Awaitable[Any]]

KEY, VALUE, AMOUNT = Input(field="key"), Input(field="value"), Input(field="amount")
SECONDS, LIMIT = Input(field="expiration_seconds"), Input(field="limit")
ECHO = {"key": KEY}
GET_ALL_KEYS = RedisScan(limit=LIMIT)
GET = RedisCommand(command="GET", arguments=(KEY,), reply={"value": "value", "exists": "present"}, echo=ECHO)
SEARCH = RedisScan(pattern=Input(field="pattern"), limit=LIMIT)
SAVE = RedisCommand(command="SET", arguments=(KEY, VALUE), reply={"result": "ok"}, echo=ECHO)
SAVE_EXPIRING = RedisCommand(
    command="SET",
    arguments=(KEY, VALUE, "EX", SECONDS),
    reply={"result": "ok"},
    echo={"key": KEY, "expires_in": SECONDS},
)
APPEND = RedisCommand(command="APPEND", arguments=(KEY, VALUE), reply={"length": "integer"}, echo=ECHO)
EXISTS = RedisCommand(
    command="EXISTS", arguments=(Several(of=KEY),), reply={"exists": "positive", "count": "integer"}, echo=ECHO
)
TTL = RedisCommand(command="TTL", arguments=(KEY,), reply={"ttl": "integer"}, echo=ECHO)
DECREASE = RedisCommand(command="DECRBY", arguments=(KEY, AMOUNT), reply={"value": "integer"}, echo=ECHO)
INCREASE = RedisCommand(command="INCRBY", arguments=(KEY, AMOUNT), reply={"value": "integer"}, echo=ECHO)
DELETE = RedisCommand(command="DEL", arguments=(KEY,), reply={"deleted": "integer"}, echo=ECHO)
FLUSH = RedisCommand(
    command=CommandByOption(of=Input(field="scope"), commands={"all": "FLUSHALL", "current_db": "FLUSHDB"}),
    reply={"result": "ok"},
    confirmed_by=Input(field="confirm"),
)
LISTED = RedisCommand(command="LPUSH", arguments=(KEY, VALUE), reply={})
BYTES = RedisCommand(
    command="EVAL", arguments=("return redis.call('SET', KEYS[1], string.char(255, 0, 254))", "1", KEY), reply={}
)
BYTES_KEY = RedisCommand(command="EVAL", arguments=("return redis.call('SET', string.char(255), '')", "0"), reply={})
MANY = RedisCommand(command="MGET", arguments=(Several(of=KEY),), reply={"values": "value"})


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server(password=PASSWORD) as started:
        yield started


@pytest.fixture
async def perform(server: RedisServer) -> AsyncIterator[Perform]:
    """``await perform(call, db=1, key="a")``: the value that a task would get; begins with empty databases."""
    transport = RedisTransport(EgressGuard(parse_allow_rules("127.0.0.1")))

    async def run(call: RedisCommand | RedisScan, *, db: int = 0, **inputs: Any) -> Any:
        answer = await transport.perform(call, inputs, Outputs(), server.connection(version=db, db=db))
        dumps(answer.value)
        return answer.value

    await run(FLUSH, scope="all", confirm=True)
    yield run
    await transport.close()


async def problem(work: Awaitable[Any]) -> Problem:
    with pytest.raises(Problem) as caught:
        await work
    for language in ("en", "ko"):
        assert caught.value.message(language)
        assert caught.value.hint(language)
        assert PASSWORD not in caught.value.message(language)
    return caught.value


async def test_save_get_delete(perform: Perform) -> None:
    assert await perform(GET, key="a") == {"key": "a", "value": None, "exists": False}
    assert await perform(SAVE, key="a", value="하나") == {"key": "a", "result": True}
    assert await perform(GET, key="a") == {"key": "a", "value": "하나", "exists": True}
    assert await perform(DELETE, key="a") == {"key": "a", "deleted": 1}
    assert await perform(DELETE, key="a") == {"key": "a", "deleted": 0}


async def test_expiration(perform: Perform) -> None:
    assert await perform(TTL, key="a") == {"key": "a", "ttl": -2}
    await perform(SAVE, key="a", value="x")
    assert await perform(TTL, key="a") == {"key": "a", "ttl": -1}
    saved = await perform(SAVE_EXPIRING, key="a", value="x", expiration_seconds=100)
    assert saved == {"key": "a", "expires_in": 100, "result": True}
    assert 98 <= (await perform(TTL, key="a"))["ttl"] <= 100
    met = await problem(perform(SAVE_EXPIRING, key="a", value="x", expiration_seconds=0))
    assert (met.code, type(met)) == ("redis_expiration", InputProblem)


async def test_append_answers_the_new_length(perform: Perform) -> None:
    assert await perform(APPEND, key="a", value="v") == {"key": "a", "length": 1}
    assert await perform(APPEND, key="a", value="zz") == {"key": "a", "length": 3}
    assert (await perform(APPEND, key="a", value="한"))["length"] == 6


async def test_counting(perform: Perform) -> None:
    assert await perform(INCREASE, key="n", amount=5) == {"key": "n", "value": 5}
    assert await perform(DECREASE, key="n", amount=7) == {"key": "n", "value": -2}
    largest = 2**63 - 1
    assert (await perform(INCREASE, key="big", amount=largest))["value"] == largest
    assert (await problem(perform(INCREASE, key="big", amount=1))).code == "redis_overflow"
    await perform(SAVE, key="text", value="many")
    met = await problem(perform(INCREASE, key="text", amount=1))
    assert (met.code, type(met)) == ("redis_not_integer", InputProblem)
    assert (await problem(perform(INCREASE, key="n", amount=2**64))).code == "redis_not_integer"


@pytest.mark.parametrize(
    ("given_keys", "exists", "count"),
    [
        ("a", True, 1),
        ("a, b ,c", True, 2),
        (["a", "b", "a"], True, 3),
        ('["a", "with, comma"]', True, 2),
        ("c", False, 0),
        (["a,b"], False, 0),
        ("[a", False, 0),
    ],
)
async def test_exists_takes_one_key_or_several(perform: Perform, given_keys: Any, exists: bool, count: int) -> None:
    for key in ("a", "b", "with, comma"):
        await perform(SAVE, key=key, value="x")
    assert await perform(EXISTS, key=given_keys) == {"key": given_keys, "exists": exists, "count": count}


@pytest.mark.parametrize("nothing", ["", " , ", [], None, [""]])
async def test_exists_of_no_key_is_refused(perform: Perform, nothing: Any) -> None:
    met = await problem(perform(EXISTS, key=nothing))
    assert (met.code, met.place.field) == ("field_required", "inputs.key")


async def test_flush_all_reaches_every_database_and_flush_of_one_does_not(perform: Perform) -> None:
    for db in (0, 1):
        await perform(SAVE, db=db, key="a", value="x")
    assert await perform(FLUSH, db=1, scope="current_db", confirm=True) == {"result": True}
    assert (await perform(GET, db=1, key="a"))["exists"] is False
    assert (await perform(GET, db=0, key="a"))["exists"] is True
    await perform(SAVE, db=1, key="a", value="x")
    await perform(FLUSH, scope="all", confirm=True)
    assert [(await perform(GET, db=db, key="a"))["exists"] for db in (0, 1)] == [False, False]


@pytest.mark.parametrize("confirm", [False, None, "true"])
async def test_nothing_is_flushed_without_confirmation(perform: Perform, confirm: Any) -> None:
    await perform(SAVE, key="a", value="x")
    met = await problem(perform(FLUSH, scope="all", confirm=confirm))
    assert (met.code, met.place.field) == ("redis_not_confirmed", "inputs.confirm")
    assert (await perform(GET, key="a"))["exists"] is True


async def test_only_declared_options_choose_a_command(perform: Perform) -> None:
    met = await problem(perform(FLUSH, scope="SHUTDOWN", confirm=True))
    assert (met.code, met.place.field) == ("redis_option_unknown", "inputs.scope")


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("x EX 1", "x EX 1"),
        ("a\r\n*1\r\n$8\r\nFLUSHALL\r\n", "a\r\n*1\r\n$8\r\nFLUSHALL\r\n"),
        (["x", "EX", "1"], '["x","EX","1"]'),
        ({"price": Decimal("19.90"), "name": "가"}, '{"price":19.90,"name":"가"}'),
        (Decimal("1.50"), "1.50"),
        (5, "5"),
        (True, "true"),
        ("nul \0 byte", "nul \0 byte"),
    ],
)
async def test_a_value_is_one_word(perform: Perform, value: Any, stored: str) -> None:
    await perform(SAVE, key="a", value=value)
    assert (await perform(GET, key="a"))["value"] == stored
    assert (await perform(TTL, key="a"))["ttl"] == -1


@pytest.mark.parametrize(("value", "code"), [(None, "field_required"), ("\ud800", "redis_not_text")])
async def test_what_cannot_be_a_word_is_refused(perform: Perform, value: Any, code: str) -> None:
    met = await problem(perform(SAVE, key="a", value=value))
    assert (met.code, met.place.field) == (code, "inputs.value")


async def test_bytes_that_are_no_text_come_in_base64(perform: Perform) -> None:
    await perform(BYTES, key="a")
    assert (await perform(GET, key="a"))["value"] == {"base64": "/wD+"}
    await perform(BYTES_KEY)
    found = await perform(GET_ALL_KEYS, limit=10)
    assert {str(key) for key in found["keys"]} == {"a", "{'base64': '/w=='}"}


async def test_another_kind_of_value_is_refused(perform: Perform) -> None:
    await perform(LISTED, key="list", value="x")
    for call in (GET, APPEND):
        met = await problem(perform(call, key="list", value="x"))
        assert (met.code, type(met)) == ("redis_wrong_type", InputProblem)
    met = await problem(perform(RedisCommand(command="GET", arguments=(KEY,), reply={"n": "integer"}), key="missing"))
    assert (met.code, type(met)) == ("redis_reply_unexpected", VendorRejected)


async def test_a_value_of_one_megabyte_is_the_largest(perform: Perform) -> None:
    largest = "x" * 1024**2
    await perform(SAVE, key="a", value=largest)
    assert (await perform(GET, key="a"))["value"] == largest
    await perform(APPEND, key="a", value="x")
    met = await problem(perform(GET, key="a"))
    assert (met.code, type(met), met.details["size"]) == ("redis_value_too_large", TooLarge, 1024**2 + 1)
    assert (await perform(DELETE, key="a"))["deleted"] == 1


async def test_an_answer_of_sixteen_megabytes_is_the_largest(perform: Perform) -> None:
    await perform(SAVE, key="a", value="x" * 1024**2)
    assert len((await perform(MANY, key=["a"] * 15))["values"]) == 15
    met = await problem(perform(MANY, key=["a"] * 17))
    assert (met.code, type(met)) == ("redis_result_too_large", TooLarge)
    assert (await perform(GET, key="b"))["exists"] is False


async def test_outputs_may_name_a_part(server: RedisServer, perform: Perform) -> None:
    await perform(SAVE, key="a", value="x")
    transport = RedisTransport(EgressGuard(parse_allow_rules("127.0.0.1")))
    answer = await transport.perform(GET, {"key": "a"}, Outputs(result="value"), server.connection())
    assert answer.value == "x"
    await transport.close()


async def test_fifty_thousand_keys(perform: Perform) -> None:
    fill = "for n = 1, 50000 do redis.call('SET', 'user:' .. n, '') end redis.call('SET', 'us*er', '')"
    await perform(RedisCommand(command="EVAL", arguments=(fill, "0"), reply={}))
    everything = await perform(GET_ALL_KEYS, limit=100_000)
    assert (everything["count"], everything["truncated"]) == (50_001, False)
    assert len(set(everything["keys"])) == 50_001
    part = await perform(GET_ALL_KEYS, limit=1500)
    assert (len(part["keys"]), part["count"], part["truncated"]) == (1500, 1500, True)
    exact = await perform(GET_ALL_KEYS, limit=50_001)
    assert (exact["count"], exact["truncated"]) == (50_001, False)
    assert (await perform(SEARCH, pattern="user:4999?", limit=1000))["count"] == 10
    assert (await perform(SEARCH, pattern="us\\*er", limit=1000))["keys"] == ["us*er"]
    assert await perform(SEARCH, pattern="nobody", limit=1) == {"keys": [], "count": 0, "truncated": False}


@pytest.mark.parametrize("limit", [0, -1, 100_001, "many", None, True])
async def test_the_limit_of_a_walk_is_checked(perform: Perform, limit: Any) -> None:
    met = await problem(perform(GET_ALL_KEYS, limit=limit))
    assert (met.code, met.place.field) == ("redis_field_invalid", "inputs.limit")


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(key=TEXT, value=TEXT)
def test_texts_are_sent_as_they_are(key: str, value: str) -> None:
    words = command_words(SAVE_EXPIRING, {"key": key, "value": value, "expiration_seconds": 9})
    assert words == [b"SET", key.encode(), value.encode(), b"EX", b"9"]


@given(keys=st.lists(TEXT.filter(bool), min_size=1))
def test_a_list_is_a_word_an_element_however_it_is_written(keys: list[str]) -> None:
    wanted = [key.encode() for key in keys]
    assert several(KEY, {"key": keys}) == wanted
    assert several(KEY, {"key": dumps(keys)}) == wanted
