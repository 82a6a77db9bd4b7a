"""Table: what a flow does with rows by itself, without any third party."""

from __future__ import annotations

from outcode.appkit import Action, App, Input, OutputField, Outputs, RowsField, TextField, Words, WriteFile

WRITE_CSV = Action(
    key="write_csv",
    name="Write .csv file",
    description=Words(
        en="Writes rows to a .csv file (UTF-8) that later tasks can send and people can download.",
        ko="행을 .csv 파일(UTF-8)로 저장합니다. 이후 태스크에서 보내거나 사람이 내려받을 수 있습니다.",
    ),
    fields=(
        RowsField(
            key="rows",
            label=Words(en="Rows", ko="행"),
            help=Words(en="An earlier task's rows, such as {{a}}.", ko="{{a}}처럼 앞선 태스크의 행을 넣으세요."),
            required=True,
        ),
        TextField(
            key="file_name",
            label=Words(en="File name", ko="파일 이름"),
            help=Words(en="Ends in .csv; added when missing.", ko=".csv로 끝나며, 없으면 자동으로 붙습니다."),
            required=True,
            placeholder="orders.csv",
            max_length=200,
        ),
    ),
    call=WriteFile(format="csv", rows=Input(field="rows"), name=Input(field="file_name")),
    outputs=Outputs(
        fields=(
            OutputField(path="fileId", label=Words(en="File ID", ko="파일 ID"), type="text"),
            OutputField(path="name", label=Words(en="File name", ko="파일 이름"), type="text"),
            OutputField(path="mediaType", label=Words(en="Media type", ko="미디어 유형"), type="text"),
            OutputField(path="size", label=Words(en="Size in bytes", ko="크기(바이트)"), type="number"),
        )
    ),
    idempotent=True,
)

APP = App(
    slug="table",
    name="Table",
    category="Built-in",
    description=Words(en="Works with the rows of a flow.", ko="플로우의 행을 다룹니다."),
    actions=(WRITE_CSV,),
)
