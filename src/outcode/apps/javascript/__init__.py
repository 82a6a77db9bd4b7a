"""The app "JavaScript": a user's own function, run in the sandbox; nothing leaves the machine."""

from __future__ import annotations

from decimal import Decimal

from outcode.appkit import (
    Action,
    App,
    CodeField,
    Input,
    JsonField,
    NumberField,
    OutputField,
    Outputs,
    Script,
    Words,
)

FUNCTION_EXECUTION = Action(
    key="function_execution",
    name="Function Execution",
    description=Words(
        en=(
            "Runs your code as the body of an async function. What it returns is the task's result: a returned array "
            "is iterated over, element by element, and a returned object gives its keys. The console lines and the "
            "time taken stand in $meta. lodash is there as `_`, and dayjs with time zones as `dayjs`; there is no "
            "network, no files and no require."
        ),
        ko=(
            "작성한 코드를 async 함수의 본문으로 실행합니다. 반환한 값이 그대로 작업의 결과가 됩니다. "
            "배열을 반환하면 요소마다 반복되고, 객체를 반환하면 키를 참조할 수 있습니다. "
            "콘솔 출력과 실행 시간은 $meta에 있습니다. lodash는 `_`로, 시간대까지 다루는 dayjs는 `dayjs`로 바로 쓸 "
            "수 "
            "있습니다. 네트워크, 파일, require는 쓸 수 없습니다."
        ),
    ),
    fields=(
        CodeField(
            key="code",
            label=Words(en="Code", ko="코드"),
            help=Words(
                en="Async function body; `return` the result. Has `_` and `dayjs`.",
                ko="async 함수 본문이며 `return`한 값이 결과입니다. `_`, `dayjs` 사용 가능.",
            ),
            required=True,
            place="javascript",
            max_length=200_000,
        ),
        JsonField(
            key="input",
            label=Words(en="Input", ko="입력"),
            help=Words(en="Seen by the code as `input`.", ko="코드에서 `input`으로 씁니다."),
            accepts=("object",),
            default={},
        ),
        NumberField(
            key="timeout_seconds",
            label=Words(en="Timeout (seconds)", ko="제한 시간(초)"),
            help=Words(
                en="The script is stopped after this time; 1 to 60.",
                ko="이 시간이 지나면 스크립트를 중지합니다. 1~60초입니다.",
            ),
            advanced=True,
            default=10,
            whole=True,
            minimum=Decimal(1),
            maximum=Decimal(60),
        ),
        NumberField(
            key="memory_mb",
            label=Words(en="Memory (MB)", ko="메모리(MB)"),
            help=Words(
                en="The script is stopped when it needs more; 16 to 512.",
                ko="이보다 많이 쓰면 스크립트를 중지합니다. 16~512MB입니다.",
            ),
            advanced=True,
            default=128,
            whole=True,
            minimum=Decimal(16),
            maximum=Decimal(512),
        ),
    ),
    call=Script(
        code=Input(field="code"),
        argument=Input(field="input"),
        timeout_seconds=Input(field="timeout_seconds"),
        memory_mb=Input(field="memory_mb"),
    ),
    outputs=Outputs(
        result="result",
        meta=(
            OutputField(path="logs", label=Words(en="Console lines", ko="콘솔 출력"), type="list"),
            OutputField(path="duration_ms", label=Words(en="Duration (ms)", ko="실행 시간(ms)"), type="number"),
        ),
    ),
    idempotent=True,
)

APP = App(
    slug="javascript",
    name="JavaScript",
    category="JavaScript",
    description=Words(
        en="Reshape values with a few lines of your own code, in a sealed sandbox.",
        ko="격리된 샌드박스에서 직접 작성한 코드 몇 줄로 값을 가공합니다.",
    ),
    actions=(FUNCTION_EXECUTION,),
    troubleshooting=(
        (
            Words(
                en="fetch, require or process is not defined.",
                ko="fetch, require, process가 정의되지 않았다고 나옵니다.",
            ),
            Words(
                en="Code only computes; it reaches no network and no files. Use other tasks for that, and hand "
                "their results in as input.",
                ko="코드는 계산만 하며 네트워크나 파일에 닿지 않습니다. 그런 일은 다른 작업으로 하고 결과를 "
                "input으로 받으세요.",
            ),
        ),
        (
            Words(en="A large number arrives as text.", ko="큰 숫자가 텍스트로 들어옵니다."),
            Words(
                en="JavaScript numbers are exact up to 2^53 only; larger whole numbers come as text. "
                "BigInt(input.id) reads them.",
                ko="JavaScript 숫자는 2^53까지만 정확해서 더 큰 정수는 텍스트로 옵니다. BigInt(input.id)로 읽으세요.",
            ),
        ),
        (
            Words(en="It stops after the time limit.", ko="제한 시간이 지나 멈춥니다."),
            Words(
                en="Hand in whole arrays with Run once instead of one element at a time, or raise the timeout (at "
                "most 60 seconds).",
                ko="한 번만 실행으로 배열을 통째로 넘기거나, 제한 시간을 늘리세요(최대 60초).",
            ),
        ),
    ),
)
