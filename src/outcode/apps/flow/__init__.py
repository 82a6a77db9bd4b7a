"""Flow: what steers a dataflow itself, without any third party: branches, waits, values, replies, other flows."""

from __future__ import annotations

from outcode.appkit import (
    Action,
    App,
    DatetimeField,
    FlowStep,
    Input,
    JsonField,
    ListField,
    LongTextField,
    MapField,
    NumberField,
    Option,
    OutputField,
    Outputs,
    SelectField,
    ShownWhen,
    SwitchField,
    TextField,
    Words,
)
from outcode.appkit.calls import Step


def _step(name: Step, *keys: str) -> FlowStep:
    return FlowStep(step=name, inputs={key: Input(field=key) for key in keys})


CONDITION = Action(
    key="condition",
    name="Condition",
    description=Words(
        en="Sends each record along the first branch whose conditions match, else along otherwise.",
        ko="각 레코드를 조건이 맞는 첫 번째 분기로, 없으면 otherwise 분기로 보냅니다.",
    ),
    fields=(
        JsonField(
            key="branches",
            label=Words(en="Branches", ko="분기"),
            help=Words(
                en="name with conditions: left, type, operator, value.",
                ko="name과 conditions: left, type, operator, value.",
            ),
            required=True,
            accepts=("list",),
        ),
    ),
    call=_step("condition", "branches"),
    outputs=Outputs(
        fields=(OutputField(path="taken", label=Words(en="Records by branch", ko="분기별 레코드 수"), type="object"),)
    ),
    idempotent=True,
)
MERGE = Action(
    key="merge",
    name="Merge",
    description=Words(
        en="Brings branches together again: records in their first order, one list after another, or joined by a key.",
        ko="나뉜 분기를 다시 합칩니다. 원래 순서로, 이어 붙여서, 또는 키로 결합합니다.",
    ),
    fields=(
        SelectField(
            key="mode",
            label=Words(en="How", ko="방식"),
            options=(
                Option(value="all", label=Words(en="Wait for all branches", ko="모든 분기를 기다림")),
                Option(value="any", label=Words(en="Go on with the first", ko="먼저 끝난 분기로 진행")),
                Option(value="append", label=Words(en="One list after another", ko="목록을 이어 붙임")),
                Option(value="join", label=Words(en="Join by key", ko="키로 결합")),
            ),
            default="all",
        ),
        ListField(
            key="results",
            label=Words(en="Results", ko="결과"),
            help=Words(en="The branches' results, such as {{c}}.", ko="{{c}}처럼 각 분기의 결과를 넣으세요."),
            required=True,
            max_items=50,
        ),
        TextField(
            key="key",
            label=Words(en="Key", ko="키"),
            help=Words(en="The column that both sides have.", ko="양쪽에 모두 있는 열입니다."),
            required=True,
            shown_when=ShownWhen(field="mode", values=("join",)),
        ),
    ),
    call=_step("merge", "mode", "results", "key"),
    outputs=Outputs(result="merged"),
    idempotent=True,
)
DELAY = Action(
    key="delay",
    name="Delay",
    description=Words(
        en="Waits for a while or until a moment, also through restarts.",
        ko="정한 시간 동안 또는 정한 시각까지 기다립니다. 재시작해도 이어집니다.",
    ),
    fields=(
        SelectField(
            key="mode",
            label=Words(en="Wait", ko="대기"),
            options=(
                Option(value="for", label=Words(en="For a while", ko="일정 시간")),
                Option(value="until", label=Words(en="Until a moment", ko="특정 시각까지")),
            ),
            default="for",
        ),
        NumberField(
            key="amount",
            label=Words(en="How long", ko="길이"),
            minimum=0,
            maximum=366,
            required=True,
            shown_when=ShownWhen(field="mode", values=("for",)),
        ),
        SelectField(
            key="unit",
            label=Words(en="Unit", ko="단위"),
            options=(
                Option(value="seconds", label=Words(en="Seconds", ko="초")),
                Option(value="minutes", label=Words(en="Minutes", ko="분")),
                Option(value="hours", label=Words(en="Hours", ko="시간")),
                Option(value="days", label=Words(en="Days", ko="일")),
            ),
            default="minutes",
            shown_when=ShownWhen(field="mode", values=("for",)),
        ),
        DatetimeField(
            key="until",
            label=Words(en="Until", ko="시각"),
            required=True,
            shown_when=ShownWhen(field="mode", values=("until",)),
        ),
    ),
    call=_step("delay", "mode", "amount", "unit", "until"),
    outputs=Outputs(
        fields=(OutputField(path="until", label=Words(en="End of the wait", ko="대기 종료 시각"), type="datetime"),)
    ),
    idempotent=True,
)
SET_VALUES = Action(
    key="set_values",
    name="Set values",
    description=Words(
        en="Gives values names, so that later tasks can refer to them.",
        ko="값에 이름을 붙여 뒤의 태스크에서 참조할 수 있게 합니다.",
    ),
    fields=(
        JsonField(
            key="values",
            label=Words(en="Values", ko="값"),
            help=Words(en="Names with values.", ko="이름과 값입니다."),
            required=True,
            accepts=("object",),
        ),
    ),
    call=_step("set_values", "values"),
    outputs=Outputs(result="values"),
    idempotent=True,
)
RESPOND = Action(
    key="respond",
    name="Respond to webhook",
    description=Words(
        en="Answers the webhook that started the run at once; the flow goes on.",
        ko="실행을 시작한 웹훅에 바로 응답하고 흐름은 계속됩니다.",
    ),
    fields=(
        NumberField(
            key="status",
            label=Words(en="Status", ko="상태 코드"),
            whole=True,
            minimum=200,
            maximum=599,
            default=200,
        ),
        MapField(
            key="headers",
            label=Words(en="Headers", ko="헤더"),
            help=Words(en="Names with values.", ko="이름과 값입니다."),
            max_items=50,
        ),
        JsonField(
            key="body",
            label=Words(en="Body", ko="본문"),
            help=Words(en="JSON; a text is sent as it is.", ko="JSON입니다. 텍스트는 그대로 보냅니다."),
        ),
    ),
    call=_step("respond", "status", "headers", "body"),
    outputs=Outputs(
        fields=(
            OutputField(path="status", label=Words(en="Status", ko="상태 코드"), type="number"),
            OutputField(path="headers", label=Words(en="Headers", ko="헤더"), type="object"),
            OutputField(path="body", label=Words(en="Body", ko="본문"), type="any"),
        )
    ),
    idempotent=True,
)
STOP = Action(
    key="stop",
    name="Stop with error",
    description=Words(
        en="Ends the run as failed, with a message of your own.",
        ko="직접 쓴 메시지와 함께 실행을 실패로 끝냅니다.",
    ),
    fields=(
        LongTextField(
            key="message",
            label=Words(en="Message", ko="메시지"),
            required=True,
            max_length=2000,
        ),
    ),
    call=_step("stop", "message"),
    outputs=Outputs(),
    idempotent=True,
)
CALL_DATAFLOW = Action(
    key="call_dataflow",
    name="Call dataflow",
    description=Words(
        en="Starts another dataflow of the team with an input, and waits for its result if wished.",
        ko="팀의 다른 데이터플로를 입력과 함께 시작하고, 원하면 결과를 기다립니다.",
    ),
    fields=(
        TextField(
            key="flow",
            label=Words(en="Dataflow", ko="데이터플로"),
            help=Words(en="Its name.", ko="이름을 넣으세요."),
            required=True,
        ),
        JsonField(
            key="input",
            label=Words(en="Input", ko="입력"),
            help=Words(en="Its declared inputs by name.", ko="선언된 입력의 이름과 값입니다."),
            accepts=("object",),
        ),
        SwitchField(key="wait", label=Words(en="Wait for its result", ko="결과 기다리기"), default=True),
    ),
    call=_step("call_dataflow", "flow", "input", "wait"),
    outputs=Outputs(result="result"),
    idempotent=True,
)

APP = App(
    slug="flow",
    name="Flow",
    category="Built-in",
    description=Words(
        en="Branches, waits, values and replies inside a dataflow.", ko="데이터플로 안의 분기, 대기, 값, 응답"
    ),
    troubleshooting=(
        (
            Words(en="A task behind a branch did not run.", ko="분기 뒤의 태스크가 실행되지 않았습니다."),
            Words(
                en="No record took that branch; the condition's result counts the records of each.",
                ko="그 분기로 간 레코드가 없습니다. 조건의 결과에 분기별 레코드 수가 있습니다.",
            ),
        ),
        (
            Words(en="A task after both branches is skipped.", ko="두 분기 뒤의 태스크가 건너뛰어집니다."),
            Words(
                en="It waits for a branch that was not taken; put the branches together with Merge first.",
                ko="선택되지 않은 분기를 기다리기 때문입니다. 먼저 병합으로 분기를 합치세요.",
            ),
        ),
    ),
    actions=(CONDITION, MERGE, DELAY, SET_VALUES, CALL_DATAFLOW, RESPOND, STOP),
)
