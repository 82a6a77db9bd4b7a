"""Table: what a flow does with rows by itself, without any third party."""

from __future__ import annotations

from decimal import Decimal

from outcode.appkit import (
    Action,
    App,
    Field,
    Input,
    JsonField,
    ListField,
    NumberField,
    Option,
    OutputField,
    Outputs,
    RowsField,
    SelectField,
    TableTask,
    TextField,
    Words,
    WriteFile,
)

ROWS = RowsField(
    key="rows",
    label=Words(en="Rows", ko="행"),
    help=Words(en="An earlier task's rows, such as {{a}}.", ko="{{a}}처럼 앞선 태스크의 행을 넣으세요."),
    required=True,
)
TABLE = Outputs(
    rows="rows",
    meta=(
        OutputField(path="row_count", label=Words(en="Rows in the result", ko="결과 행 수"), type="number"),
        OutputField(path="input_count", label=Words(en="Rows taken in", ko="입력 행 수"), type="number"),
        OutputField(path="error_count", label=Words(en="Cells with errors", ko="오류 셀 수"), type="number"),
        OutputField(path="errors_by_column", label=Words(en="Errors by column", ko="열별 오류 수"), type="object"),
        OutputField(path="errors", label=Words(en="First 1,000 errors", ko="처음 1,000개 오류"), type="list"),
    ),
)


def _options(*fields: Field) -> dict[str, Input]:
    return {field.key: Input(field=field.key) for field in fields}


CONDITIONS = JsonField(
    key="conditions",
    label=Words(en="Conditions", ko="조건"),
    help=Words(
        en="column, type, operator, value; a list, or match and members.",
        ko="column, type, operator, value. 목록 또는 match와 members로 씁니다.",
    ),
    required=True,
    accepts=("object", "list"),
)
FILTER = Action(
    key="filter",
    name="Filter",
    description=Words(
        en="Keeps the rows that match typed conditions, joined by all or any.",
        ko="유형별 조건(모두 또는 하나 이상)에 맞는 행만 남깁니다.",
    ),
    fields=(ROWS, CONDITIONS),
    call=TableTask(operation="filter", rows=Input(field="rows"), options=_options(CONDITIONS)),
    outputs=TABLE,
    idempotent=True,
)

SET_COLUMNS_COLUMNS = JsonField(
    key="columns",
    label=Words(en="Columns", ko="열"),
    help=Words(
        en="name with formula, such as price * quantity, or with value.",
        ko="name과 formula(예: price * quantity) 또는 value를 씁니다.",
    ),
    required=True,
    accepts=("list",),
)
SET_COLUMNS = Action(
    key="set_columns",
    name="Set columns",
    description=Words(
        en="Adds or replaces columns by formulas, or with the same value in every row.",
        ko="수식으로, 또는 모든 행에 같은 값으로 열을 추가하거나 바꿉니다.",
    ),
    fields=(ROWS, SET_COLUMNS_COLUMNS),
    call=TableTask(operation="set_columns", rows=Input(field="rows"), options=_options(SET_COLUMNS_COLUMNS)),
    outputs=TABLE,
    idempotent=True,
)

TYPES = JsonField(
    key="columns",
    label=Words(en="Columns and types", ko="열과 유형"),
    help=Words(
        en="column with type: text, number, datetime …, or kind and options.",
        ko="column과 type: text, number, datetime 등 또는 kind와 옵션.",
    ),
    required=True,
    accepts=("list",),
)
TRANSFORM_TYPE = Action(
    key="transform_type",
    name="Transform type",
    description=Words(
        en="Reads columns as text, numbers, amounts, dates …; cells that cannot be read become null and are listed.",
        ko="열을 텍스트, 숫자, 금액, 날짜 등으로 읽습니다. 읽을 수 없는 셀은 null이 되고 목록에 남습니다.",
    ),
    fields=(ROWS, TYPES),
    call=TableTask(operation="transform_type", rows=Input(field="rows"), options=_options(TYPES)),
    outputs=TABLE,
    idempotent=True,
)

SORT_KEYS = JsonField(
    key="keys",
    label=Words(en="Sort by", ko="정렬 기준"),
    help=Words(
        en="column, order: ascending or descending; type to read cells as.",
        ko="column, order(ascending, descending), 필요하면 type을 씁니다.",
    ),
    required=True,
    accepts=("list",),
)
SORT = Action(
    key="sort",
    name="Sort",
    description=Words(
        en="Orders rows by one or several columns; empty cells come last.",
        ko="하나 이상의 열로 행을 정렬합니다. 빈 셀은 맨 뒤로 갑니다.",
    ),
    fields=(ROWS, SORT_KEYS),
    call=TableTask(operation="sort", rows=Input(field="rows"), options=_options(SORT_KEYS)),
    outputs=TABLE,
    idempotent=True,
)

GROUP_KEYS = ListField(
    key="keys",
    label=Words(en="Group by", ko="그룹 기준"),
    help=Words(en="Column names; without any, all rows are one group.", ko="열 이름. 없으면 모든 행이 한 그룹입니다."),
    max_items=50,
)
SUMMARIES = JsonField(
    key="summaries",
    label=Words(en="Summaries", ko="요약"),
    help=Words(
        en="function (count, sum, average, min, max, first, last) and column.",
        ko="function(count, sum, average, min, max, first, last)과 column.",
    ),
    accepts=("list",),
)
GROUP = Action(
    key="group",
    name="Group and summarize",
    description=Words(
        en="Makes one row of each group, with counts, exact sums and averages, smallest, largest, first and last.",
        ko="그룹마다 한 행을 만들고 개수, 정확한 합계와 평균, 최소, 최대, 처음, 마지막 값을 구합니다.",
    ),
    fields=(ROWS, GROUP_KEYS, SUMMARIES),
    call=TableTask(operation="group", rows=Input(field="rows"), options=_options(GROUP_KEYS, SUMMARIES)),
    outputs=TABLE,
    idempotent=True,
)

DUPLICATE_KEYS = ListField(
    key="keys",
    label=Words(en="Same when these columns are", ko="비교할 열"),
    help=Words(en="Column names; without any, whole rows are compared.", ko="열 이름. 없으면 행 전체를 비교합니다."),
    max_items=50,
)
KEEP = SelectField(
    key="keep",
    label=Words(en="Keep", ko="남길 행"),
    default="first",
    options=(
        Option(value="first", label=Words(en="The first", ko="처음")),
        Option(value="last", label=Words(en="The last", ko="마지막")),
    ),
)
REMOVE_DUPLICATES = Action(
    key="remove_duplicates",
    name="Remove duplicates",
    description=Words(
        en="Keeps one of the rows that are the same in the chosen columns.",
        ko="선택한 열이 같은 행 가운데 하나만 남깁니다.",
    ),
    fields=(ROWS, DUPLICATE_KEYS, KEEP),
    call=TableTask(operation="remove_duplicates", rows=Input(field="rows"), options=_options(DUPLICATE_KEYS, KEEP)),
    outputs=TABLE,
    idempotent=True,
)

COUNT = NumberField(
    key="count", label=Words(en="Rows to keep", ko="남길 행 수"), required=True, whole=True, minimum=Decimal(0)
)
OFFSET = NumberField(
    key="offset", label=Words(en="Rows to skip first", ko="건너뛸 행 수"), default=0, whole=True, minimum=Decimal(0)
)
LIMIT = Action(
    key="limit",
    name="Limit",
    description=Words(en="Keeps a number of rows from the start.", ko="앞에서부터 정한 수의 행만 남깁니다."),
    fields=(ROWS, COUNT, OFFSET),
    call=TableTask(operation="limit", rows=Input(field="rows"), options=_options(COUNT, OFFSET)),
    outputs=TABLE,
    idempotent=True,
)

OTHER = RowsField(
    key="other",
    label=Words(en="Other rows", ko="다른 행"),
    help=Words(en="The rows to look up in, such as {{b}}.", ko="{{b}}처럼 찾아볼 행을 넣으세요."),
    required=True,
)
JOIN_KEYS = JsonField(
    key="keys",
    label=Words(en="Keys", ko="키"),
    help=Words(
        en="Column names, or left and right where the names differ.", ko="열 이름. 서로 다르면 left와 right로 씁니다."
    ),
    required=True,
    accepts=("list",),
)
KIND = SelectField(
    key="kind",
    label=Words(en="Rows to keep", ko="남길 행"),
    default="left",
    options=(
        Option(value="left", label=Words(en="All rows (lookup)", ko="모든 행(조회)")),
        Option(value="inner", label=Words(en="Rows with a match", ko="일치하는 행")),
        Option(value="anti", label=Words(en="Rows without a match", ko="일치하지 않는 행")),
    ),
)
PREFIX = TextField(
    key="prefix",
    label=Words(en="Prefix for names that are taken", ko="이름이 겹칠 때 붙일 접두사"),
    default="other_",
    max_length=100,
)
JOIN = Action(
    key="join",
    name="Join / Lookup",
    description=Words(
        en="Adds the columns of other rows that have the same keys, or keeps the rows that have no match.",
        ko="키가 같은 다른 행의 열을 추가하거나, 일치하는 행이 없는 행만 남깁니다.",
    ),
    fields=(ROWS, OTHER, JOIN_KEYS, KIND, PREFIX),
    call=TableTask(
        operation="join",
        rows=Input(field="rows"),
        other=Input(field="other"),
        options=_options(JOIN_KEYS, KIND, PREFIX),
    ),
    outputs=TABLE,
    idempotent=True,
)

WRITE_CSV = Action(
    key="write_csv",
    name="Write .csv file",
    description=Words(
        en="Writes rows to a .csv file (UTF-8) that later tasks can send and people can download.",
        ko="행을 .csv 파일(UTF-8)로 저장합니다. 이후 태스크에서 보내거나 사람이 내려받을 수 있습니다.",
    ),
    fields=(
        ROWS,
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
    actions=(
        FILTER,
        SET_COLUMNS,
        TRANSFORM_TYPE,
        SORT,
        GROUP,
        REMOVE_DUPLICATES,
        LIMIT,
        JOIN,
        WRITE_CSV,
    ),
    troubleshooting=(
        (
            Words(en="Values of a column are null and counted as errors.", ko="열의 값이 null이고 오류로 집계됩니다."),
            Words(
                en="They could not be read as the type. $meta.errors names the first of them with the reason; "
                "choose another format in Transform type.",
                ko="그 유형으로 읽을 수 없는 값입니다. $meta.errors에 처음 몇 개와 이유가 나옵니다. 유형 변환에서 "
                "다른 형식을 고르세요.",
            ),
        ),
        (
            Words(en="Two results do not line up.", ko="두 결과의 행이 맞지 않습니다."),
            Words(
                en="Results of different sources have no common order. Bring them together by a key with Join.",
                ko="출처가 다른 결과에는 공통 순서가 없습니다. 조인으로 키를 맞추세요.",
            ),
        ),
    ),
)
