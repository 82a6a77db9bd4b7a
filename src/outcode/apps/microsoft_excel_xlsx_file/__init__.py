"""The app "Microsoft Excel (.xlsx File)": rows of an uploaded workbook or .csv file; the file is the connection."""

from __future__ import annotations

from decimal import Decimal

from outcode.appkit import (
    Action,
    App,
    FileConnection,
    FileField,
    Input,
    ListField,
    MapField,
    NumberField,
    Option,
    OutputField,
    Outputs,
    ReadSheet,
    SelectField,
    SwitchField,
    TextField,
    Words,
)

_LAST_ROW = Decimal(1_048_576)

_FIELDS = (
    TextField(
        key="sheet",
        label=Words(en="Sheet name", ko="시트 이름"),
        help=Words(
            en="Name or number from 1; empty: the first sheet.", ko="이름 또는 1부터의 번호. 비우면 첫 시트입니다."
        ),
        max_length=200,
    ),
    NumberField(
        key="header_row",
        label=Words(en="Header row", ko="머리글 행"),
        help=Words(en="0: no header, the keys are A, B, C …", ko="0이면 머리글이 없고 키는 A, B, C …입니다."),
        default=1,
        whole=True,
        minimum=Decimal(0),
        maximum=_LAST_ROW,
    ),
    NumberField(
        key="start_row",
        label=Words(en="First data row", ko="첫 데이터 행"),
        help=Words(en="Empty: the row below the header.", ko="비우면 머리글 바로 아래 행입니다."),
        advanced=True,
        whole=True,
        minimum=Decimal(1),
        maximum=_LAST_ROW,
    ),
    NumberField(
        key="end_row",
        label=Words(en="Last row", ko="마지막 행"),
        help=Words(en="Empty: to the end of the sheet.", ko="비우면 시트 끝까지 읽습니다."),
        advanced=True,
        whole=True,
        minimum=Decimal(1),
        maximum=_LAST_ROW,
    ),
    ListField(
        key="columns",
        label=Words(en="Columns", ko="열"),
        help=Words(en="Header names or letters; empty: all.", ko="머리글 이름이나 열 문자. 비우면 모두 읽습니다."),
        advanced=True,
    ),
    TextField(
        key="range",
        label=Words(en="Range", ko="범위"),
        help=Words(
            en="Replaces rows and columns above; its first row is the header.",
            ko="위의 행과 열 설정을 대신하며, 첫 행이 머리글입니다.",
        ),
        advanced=True,
        placeholder="A1:D200",
        max_length=40,
    ),
    SwitchField(key="skip_empty", label=Words(en="Skip empty rows", ko="빈 행 건너뛰기"), default=True),
    SelectField(
        key="value_mode",
        label=Words(en="Values", ko="값"),
        help=Words(
            en="Text: every cell as in a saved .csv; formats are left out.",
            ko="텍스트: 모든 셀을 .csv로 저장한 것처럼 읽습니다(표시 형식 제외).",
        ),
        default="value",
        advanced=True,
        options=(
            Option(value="value", label=Words(en="Typed values", ko="형식이 있는 값")),
            Option(value="text", label=Words(en="Text", ko="텍스트")),
        ),
    ),
    SelectField(
        key="date_format",
        label=Words(en="Date format", ko="날짜 형식"),
        default="iso",
        advanced=True,
        options=(
            Option(value="iso", label=Words(en="ISO 8601", ko="ISO 8601")),
            Option(value="serial", label=Words(en="Excel's day number", ko="Excel 날짜 일련번호")),
        ),
    ),
    NumberField(
        key="offset",
        label=Words(en="Offset", ko="건너뛸 행 수"),
        help=Words(en="How many rows to leave out first.", ko="처음에 건너뛸 행의 수입니다."),
        default=0,
        whole=True,
        minimum=Decimal(0),
    ),
    NumberField(
        key="limit",
        label=Words(en="Limit", ko="최대 행 수"),
        help=Words(en="How many rows to read; $meta.has_more says if more.", ko="읽을 행의 수입니다($meta.has_more)."),
        default=1000,
        whole=True,
        minimum=Decimal(1),
        maximum=Decimal(1_000_000),
    ),
)

GET_ROWS = Action(
    key="get_rows",
    name="Get Rows",
    description=Words(en="Reads the rows of a sheet.", ko="시트의 행을 읽습니다."),
    fields=_FIELDS,
    call=ReadSheet(options={field.key: Input(field=field.key) for field in _FIELDS}),
    outputs=Outputs(
        rows="rows",
        fields=(
            OutputField(path="_row", label=Words(en="Row number in the sheet", ko="시트의 행 번호"), type="number"),
            OutputField(path="_errors", label=Words(en="Error cells by column", ko="열별 오류 셀"), type="object"),
        ),
        meta=(
            OutputField(path="row_count", label=Words(en="Rows read", ko="읽은 행 수"), type="number"),
            OutputField(path="total_rows", label=Words(en="Rows in the sheet", ko="시트의 행 수"), type="number"),
            OutputField(path="headers", label=Words(en="Headers", ko="머리글"), type="list"),
            OutputField(path="sheet", label=Words(en="Sheet", ko="시트"), type="text"),
            OutputField(path="sheet_names", label=Words(en="All sheets", ko="모든 시트"), type="list"),
            OutputField(path="has_more", label=Words(en="More rows follow", ko="행이 더 있음"), type="boolean"),
            OutputField(
                path="never_calculated",
                label=Words(en="Formulas without a stored result", ko="결과가 저장되지 않은 수식 수"),
                type="number",
            ),
        ),
    ),
    idempotent=True,
)

APP = App(
    slug="microsoft-excel-xlsx-file",
    name="Microsoft Excel (.xlsx File)",
    category="Productivity",
    description=Words(
        en="Reads rows of an .xlsx or .csv file, uploaded or behind a link.",
        ko="업로드하거나 링크로 연결한 .xlsx, .csv 파일의 행을 읽습니다.",
    ),
    connections=(
        FileConnection(
            key="upload",
            label=Words(en="Excel or .csv file", ko="Excel 또는 .csv 파일"),
            fields=(
                FileField(
                    key="file",
                    label=Words(en="File", ko="파일"),
                    help=Words(
                        en=".xlsx, .xlsm, .csv or .tsv, at most 20 MB.",
                        ko=".xlsx, .xlsm, .csv, .tsv, 최대 20 MB입니다.",
                    ),
                    required=True,
                    sensitive=True,
                    suffixes=(".xlsx", ".xlsm", ".csv", ".tsv"),
                ),
            ),
        ),
        FileConnection(
            key="link",
            label=Words(en="Link to a file", ko="파일 링크"),
            fields=(
                TextField(
                    key="url",
                    label=Words(en="File URL", ko="파일 URL"),
                    help=Words(
                        en="Read anew by every task; at most 10 MB.", ko="작업마다 새로 읽습니다. 최대 10 MB입니다."
                    ),
                    required=True,
                    sensitive=True,
                    place="url",
                    placeholder="https://files.example.com/orders.xlsx",
                ),
                MapField(
                    key="headers",
                    label=Words(en="Request headers", ko="요청 헤더"),
                    help=Words(en="Such as Authorization.", ko="Authorization 등입니다."),
                    sensitive=True,
                    advanced=True,
                ),
            ),
        ),
    ),
    actions=(GET_ROWS,),
    troubleshooting=(
        (
            Words(
                en="It says that the file is an old .xls or has a password.", ko="옛 .xls이거나 암호가 있다고 나옵니다."
            ),
            Words(
                en="Open it in Excel, remove the password, and save it as .xlsx.",
                ko="Excel에서 열어 암호를 없애고 .xlsx로 저장하세요.",
            ),
        ),
        (
            Words(en="Cells with formulas are empty.", ko="수식이 있는 셀이 비어 있습니다."),
            Words(
                en="The file keeps the results that Excel stored last; one made by a program may hold none. Open "
                "and save "
                "it in Excel once; $meta.never_calculated counts such cells.",
                ko="파일에는 Excel이 마지막으로 저장한 결과만 있습니다. 프로그램이 만든 파일에는 없을 수 있으니 "
                "Excel에서 한 번 열어 "
                "저장하세요. $meta.never_calculated가 그런 셀의 수입니다.",
            ),
        ),
        (
            Words(
                en="A link answers a web page instead of the file.", ko="링크가 파일이 아니라 웹 페이지를 돌려줍니다."
            ),
            Words(
                en="Share links of Google Drive and OneDrive show a page; use their direct download links.",
                ko="Google Drive나 OneDrive의 공유 링크는 페이지를 보여 줍니다. 직접 다운로드 링크를 쓰세요.",
            ),
        ),
    ),
)
