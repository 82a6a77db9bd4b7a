"""The actions of the app "Redis": one command, or one walk over the keys, each."""

from __future__ import annotations

from decimal import Decimal

from outcode.appkit import (
    Action,
    CommandByOption,
    Input,
    JsonField,
    NumberField,
    Option,
    OutputField,
    Outputs,
    RedisCommand,
    RedisScan,
    SelectField,
    Several,
    SwitchField,
    TextField,
    Words,
)

_KEY = Input(field="key")
_VALUE = Input(field="value")
_ECHO = {"key": _KEY}
_COMMANDS = "https://redis.io/docs/latest/commands/"

_KEY_FIELD = TextField(
    key="key",
    label=Words(en="Key", ko="키"),
    required=True,
    placeholder="user:1:name",
)
_VALUE_FIELD = JsonField(
    key="value",
    label=Words(en="Value", ko="값"),
    help=Words(en="Text; objects and lists are stored as JSON.", ko="텍스트. 객체와 목록은 JSON으로 저장됩니다."),
    required=True,
)
_LIMIT_FIELD = NumberField(
    key="limit",
    label=Words(en="Max keys", ko="최대 키 수"),
    help=Words(en="Looking stops there, and “truncated” says so.", ko="이 수까지만 찾고, truncated로 알려 줍니다."),
    default=1000,
    whole=True,
    minimum=Decimal(1),
    maximum=Decimal(100_000),
)
_AMOUNT_FIELD = NumberField(
    key="amount",
    label=Words(en="Amount", ko="증감할 값"),
    help=Words(en="A whole number; empty: 1.", ko="정수. 비우면 1입니다."),
    default=1,
    whole=True,
)

_KEY_OUTPUT = OutputField(path="key", label=Words(en="Key", ko="키"), type="text")
_SAVED_OUTPUT = OutputField(path="result", label=Words(en="Saved", ko="저장됨"), type="boolean")
_NUMBER_OUTPUT = OutputField(path="value", label=Words(en="New value", ko="새 값"), type="number")
_KEYS_OUTPUTS = Outputs(
    fields=(
        OutputField(path="keys", label=Words(en="Keys", ko="키 목록"), type="list"),
        OutputField(path="count", label=Words(en="Number of keys", ko="키 수"), type="number"),
        OutputField(path="truncated", label=Words(en="Cut at Max keys", ko="최대 키 수에서 잘림"), type="boolean"),
    )
)

GET_ALL_KEYS = Action(
    key="get_all_keys",
    name="Get all keys",
    description=Words(
        en="Lists the names of all keys of the database.", ko="데이터베이스의 모든 키 이름을 가져옵니다."
    ),
    fields=(_LIMIT_FIELD,),
    call=RedisScan(limit=Input(field="limit")),
    outputs=_KEYS_OUTPUTS,
    idempotent=True,
    link=f"{_COMMANDS}scan/",
)

GET_VALUE_BY_KEY = Action(
    key="get_value_by_key",
    name="Get value by key",
    description=Words(
        en="Reads the text of one key; null when there is no such key.",
        ko="키 하나의 텍스트 값을 읽습니다. 키가 없으면 null입니다.",
    ),
    fields=(_KEY_FIELD,),
    call=RedisCommand(command="GET", arguments=(_KEY,), reply={"value": "value", "exists": "present"}, echo=_ECHO),
    outputs=Outputs(
        fields=(
            _KEY_OUTPUT,
            OutputField(path="value", label=Words(en="Value", ko="값")),
            OutputField(path="exists", label=Words(en="Key exists", ko="키 있음"), type="boolean"),
        )
    ),
    idempotent=True,
    link=f"{_COMMANDS}get/",
)

SEARCH_A_KEY = Action(
    key="search_a_key",
    name="Search a key",
    description=Words(
        en="Lists the names of the keys that match a pattern.", ko="패턴과 일치하는 키 이름을 가져옵니다."
    ),
    fields=(
        TextField(
            key="pattern",
            label=Words(en="Pattern", ko="패턴"),
            help=Words(
                en="* any text, ? one character, [ab] a or b, \\ before a plain sign.",
                ko="*는 모든 텍스트, ?는 한 글자, [ab]는 a 또는 b, 기호 앞에는 \\를 씁니다.",
            ),
            required=True,
            placeholder="user:*",
        ),
        _LIMIT_FIELD,
    ),
    call=RedisScan(pattern=Input(field="pattern"), limit=Input(field="limit")),
    outputs=_KEYS_OUTPUTS,
    idempotent=True,
    link=f"{_COMMANDS}scan/",
)

SAVE_THE_KEY = Action(
    key="save_the_key",
    name="Save the key",
    description=Words(
        en="Stores a value under a key, in place of what was there.",
        ko="키에 값을 저장합니다. 원래 있던 값은 바뀝니다.",
    ),
    fields=(_KEY_FIELD, _VALUE_FIELD),
    call=RedisCommand(command="SET", arguments=(_KEY, _VALUE), reply={"result": "ok"}, echo=_ECHO),
    outputs=Outputs(fields=(_KEY_OUTPUT, _SAVED_OUTPUT)),
    idempotent=True,
    link=f"{_COMMANDS}set/",
)

SAVE_THE_KEY_WITH_SET_EXPIRATION = Action(
    key="save_the_key_with_set_expiration",
    name="Save the key with set expiration",
    description=Words(
        en="Stores a value under a key that disappears after a time.",
        ko="일정 시간이 지나면 사라지는 키에 값을 저장합니다.",
    ),
    fields=(
        _KEY_FIELD,
        _VALUE_FIELD,
        NumberField(
            key="expiration_seconds",
            label=Words(en="Expiration (seconds)", ko="만료 시간(초)"),
            help=Words(en="Saving again starts the time anew.", ko="다시 저장하면 시간이 처음부터 다시 흐릅니다."),
            required=True,
            whole=True,
            minimum=Decimal(1),
        ),
    ),
    call=RedisCommand(
        command="SET",
        arguments=(_KEY, _VALUE, "EX", Input(field="expiration_seconds")),
        reply={"result": "ok"},
        echo={"key": _KEY, "expires_in": Input(field="expiration_seconds")},
    ),
    outputs=Outputs(
        fields=(
            _KEY_OUTPUT,
            _SAVED_OUTPUT,
            OutputField(path="expires_in", label=Words(en="Expires in (seconds)", ko="남은 시간(초)"), type="number"),
        )
    ),
    idempotent=True,
    link=f"{_COMMANDS}set/",
)

APPEND = Action(
    key="append",
    name="Append",
    description=Words(
        en="Adds text at the end of a key's value; makes the key where there is none.",
        ko="키의 값 끝에 텍스트를 덧붙입니다. 키가 없으면 새로 만듭니다.",
    ),
    fields=(_KEY_FIELD, _VALUE_FIELD),
    call=RedisCommand(command="APPEND", arguments=(_KEY, _VALUE), reply={"length": "integer"}, echo=_ECHO),
    outputs=Outputs(
        fields=(
            _KEY_OUTPUT,
            OutputField(path="length", label=Words(en="New length in bytes", ko="새 길이(바이트)"), type="number"),
        )
    ),
    idempotent=False,
    link=f"{_COMMANDS}append/",
)

GET_EXISTS_KEY_RESULT = Action(
    key="get_exists_key_result",
    name="Get exists key result",
    description=Words(en="Says whether keys exist, and how many.", ko="키가 있는지, 몇 개 있는지 알려 줍니다."),
    fields=(
        JsonField(
            key="key",
            label=Words(en="Key", ko="키"),
            help=Words(
                en="Several keys: with commas, or as a JSON list.",
                ko="여러 키는 쉼표로 구분하거나 JSON 목록으로 씁니다.",
            ),
            required=True,
            accepts=("text", "list"),
        ),
    ),
    call=RedisCommand(
        command="EXISTS",
        arguments=(Several(of=_KEY),),
        reply={"exists": "positive", "count": "integer"},
        echo=_ECHO,
    ),
    outputs=Outputs(
        fields=(
            OutputField(path="key", label=Words(en="Key", ko="키")),
            OutputField(path="exists", label=Words(en="Any of them exists", ko="하나 이상 있음"), type="boolean"),
            OutputField(path="count", label=Words(en="Number of existing keys", ko="있는 키 수"), type="number"),
        )
    ),
    idempotent=True,
    link=f"{_COMMANDS}exists/",
)

GET_EXPIRATION_COUNT_OF_KEY = Action(
    key="get_expiration_count_of_key",
    name="Get expiration count of key",
    description=Words(
        en="Says how many seconds a key has left; -1: for ever, -2: no such key.",
        ko="키의 남은 시간을 초로 알려 줍니다. -1은 만료 없음, -2는 키 없음입니다.",
    ),
    fields=(_KEY_FIELD,),
    call=RedisCommand(command="TTL", arguments=(_KEY,), reply={"ttl": "integer"}, echo=_ECHO),
    outputs=Outputs(
        fields=(
            _KEY_OUTPUT,
            OutputField(path="ttl", label=Words(en="Seconds left", ko="남은 시간(초)"), type="number"),
        )
    ),
    idempotent=True,
    link=f"{_COMMANDS}ttl/",
)

DECREASE_THE_VALUE = Action(
    key="decrease_the_value",
    name="Decrease the value",
    description=Words(
        en="Subtracts a whole number from a key's value; a missing key counts as 0.",
        ko="키의 값에서 정수를 뺍니다. 키가 없으면 0에서 시작합니다.",
    ),
    fields=(_KEY_FIELD, _AMOUNT_FIELD),
    call=RedisCommand(
        command="DECRBY", arguments=(_KEY, Input(field="amount")), reply={"value": "integer"}, echo=_ECHO
    ),
    outputs=Outputs(fields=(_KEY_OUTPUT, _NUMBER_OUTPUT)),
    idempotent=False,
    link=f"{_COMMANDS}decrby/",
)

INCREASE_THE_VALUE = Action(
    key="increase_the_value",
    name="Increase the value",
    description=Words(
        en="Adds a whole number to a key's value; a missing key counts as 0.",
        ko="키의 값에 정수를 더합니다. 키가 없으면 0에서 시작합니다.",
    ),
    fields=(_KEY_FIELD, _AMOUNT_FIELD),
    call=RedisCommand(
        command="INCRBY", arguments=(_KEY, Input(field="amount")), reply={"value": "integer"}, echo=_ECHO
    ),
    outputs=Outputs(fields=(_KEY_OUTPUT, _NUMBER_OUTPUT)),
    idempotent=False,
    link=f"{_COMMANDS}incrby/",
)

DELETE_A_KEY = Action(
    key="delete_a_key",
    name="Delete a key",
    description=Words(en="Deletes one key, whatever it holds.", ko="값의 종류와 관계없이 키 하나를 삭제합니다."),
    fields=(_KEY_FIELD,),
    call=RedisCommand(command="DEL", arguments=(_KEY,), reply={"deleted": "integer"}, echo=_ECHO),
    outputs=Outputs(
        fields=(
            _KEY_OUTPUT,
            OutputField(path="deleted", label=Words(en="Deleted keys", ko="삭제된 키 수"), type="number"),
        )
    ),
    idempotent=True,
    link=f"{_COMMANDS}del/",
)

FLUSH_ALL = Action(
    key="flush_all",
    name="Flush all",
    description=Words(
        en="Deletes every key, of all databases or of this one.",
        ko="모든 데이터베이스 또는 현재 데이터베이스의 키를 모두 삭제합니다.",
    ),
    fields=(
        SwitchField(
            key="confirm",
            label=Words(en="Really delete all keys", ko="모든 키 삭제 확인"),
            help=Words(en="While this is off, nothing is deleted.", ko="꺼져 있으면 아무것도 삭제하지 않습니다."),
            required=True,
        ),
        SelectField(
            key="scope",
            label=Words(en="Scope", ko="범위"),
            default="all",
            options=(
                Option(value="all", label=Words(en="All databases of the server", ko="서버의 모든 데이터베이스")),
                Option(value="current_db", label=Words(en="The connection's database", ko="연결의 데이터베이스")),
            ),
        ),
    ),
    call=RedisCommand(
        command=CommandByOption(of=Input(field="scope"), commands={"all": "FLUSHALL", "current_db": "FLUSHDB"}),
        reply={"result": "ok"},
        confirmed_by=Input(field="confirm"),
    ),
    outputs=Outputs(fields=(OutputField(path="result", label=Words(en="Deleted", ko="삭제됨"), type="boolean"),)),
    idempotent=True,
    link=f"{_COMMANDS}flushall/",
)

ACTIONS: tuple[Action, ...] = (
    GET_ALL_KEYS,
    GET_VALUE_BY_KEY,
    SEARCH_A_KEY,
    SAVE_THE_KEY,
    SAVE_THE_KEY_WITH_SET_EXPIRATION,
    APPEND,
    GET_EXISTS_KEY_RESULT,
    GET_EXPIRATION_COUNT_OF_KEY,
    DECREASE_THE_VALUE,
    INCREASE_THE_VALUE,
    DELETE_A_KEY,
    FLUSH_ALL,
)
