"""The app "API": any HTTP server, asked by one action, with or without a credential."""

from __future__ import annotations

from decimal import Decimal

from outcode.appkit import (
    Action,
    App,
    Field,
    Input,
    JsonField,
    MapField,
    NumberField,
    Option,
    OutputField,
    Outputs,
    Paging,
    Request,
    SelectField,
    SwitchField,
    TextField,
    Words,
)
from outcode.apps.api.connections import CONNECTIONS


def _same(*values: str) -> tuple[Option, ...]:
    return tuple(Option(value=value, label=Words(en=value, ko=value)) for value in values)


def _option(value: str, en: str, ko: str) -> Option:
    return Option(value=value, label=Words(en=en, ko=ko))


_FIELDS: tuple[Field, ...] = (
    SelectField(
        key="method",
        label=Words(en="Method", ko="메서드"),
        required=True,
        default="GET",
        options=_same("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
    ),
    TextField(
        key="url",
        label=Words(en="URL", ko="URL"),
        help=Words(
            en="The whole address, with http:// or https://.", ko="http:// 또는 https://를 포함한 전체 주소입니다."
        ),
        required=True,
        place="url",
        placeholder="https://api.example.com/v1/orders",
    ),
    MapField(
        key="params",
        label=Words(en="Query parameters", ko="쿼리 매개변수"),
        help=Words(en="Added to the URL; a list repeats the name.", ko="URL에 붙습니다. 목록이면 이름이 반복됩니다."),
    ),
    MapField(
        key="headers",
        label=Words(en="Headers", ko="헤더"),
        help=Words(en="Put credentials into a connection instead.", ko="인증 정보는 여기 말고 연결에 넣으세요."),
    ),
    SelectField(
        key="body_type",
        label=Words(en="Body type", ko="본문 유형"),
        help=Words(
            en="Unset: none for GET and HEAD, JSON otherwise.",
            ko="정하지 않으면 GET과 HEAD는 없음, 나머지는 JSON입니다.",
        ),
        options=(
            _option("none", "None", "없음"),
            _option("json", "JSON", "JSON"),
            _option("form", "Form", "폼"),
            _option("multipart", "Multipart form", "멀티파트 폼"),
            _option("text", "Text", "텍스트"),
            _option("binary_base64", "Binary as base64", "바이너리(base64)"),
            _option("file", "File", "파일"),
        ),
    ),
    JsonField(
        key="body",
        label=Words(en="Body", ko="본문"),
        help=Words(
            en="JSON, text, a file, or a form's names with values or files.",
            ko="JSON, 텍스트, 파일, 또는 폼의 이름과 값이나 파일입니다.",
        ),
    ),
    NumberField(
        key="timeout_seconds",
        label=Words(en="Timeout (seconds)", ko="제한 시간(초)"),
        default=30,
        whole=True,
        minimum=Decimal(1),
        maximum=Decimal(300),
        advanced=True,
    ),
    SwitchField(
        key="follow_redirects",
        label=Words(en="Follow redirects", ko="리디렉션 따라가기"),
        help=Words(
            en="Up to 5; credentials never go to another host.",
            ko="최대 5번. 인증 정보는 다른 호스트로 보내지 않습니다.",
        ),
        default=True,
        advanced=True,
    ),
    SelectField(
        key="response_type",
        label=Words(en="Response type", ko="응답 유형"),
        help=Words(
            en="Auto goes by Content-Type; File keeps the body as a new file.",
            ko="자동은 Content-Type을 따르고, 파일은 본문을 새 파일로 저장합니다.",
        ),
        default="auto",
        options=(
            _option("auto", "Auto", "자동"),
            _option("json", "JSON", "JSON"),
            _option("text", "Text", "텍스트"),
            _option("base64", "Base64", "Base64"),
            _option("file", "File", "파일"),
        ),
        advanced=True,
    ),
    SwitchField(
        key="fail_on_status",
        label=Words(en="Fail on status", ko="상태 실패 처리"),
        help=Words(en="An answer of 400 or above fails the task.", ko="응답이 400 이상이면 작업이 실패합니다."),
        default=True,
        advanced=True,
    ),
    SwitchField(
        key="verify_tls",
        label=Words(en="Verify TLS", ko="TLS 확인"),
        help=Words(en="Switch off for tests only.", ko="테스트할 때만 끄세요."),
        default=True,
        advanced=True,
    ),
    NumberField(
        key="retries",
        label=Words(en="Retries", ko="재시도"),
        help=Words(
            en="Where safe: for lost answers, POST needs an Idempotency-Key header.",
            ko="안전할 때만. 응답이 없으면 POST는 Idempotency-Key 헤더가 필요합니다.",
        ),
        default=0,
        whole=True,
        minimum=Decimal(0),
        maximum=Decimal(5),
        advanced=True,
    ),
    TextField(
        key="rows",
        label=Words(en="Rows at", ko="행 위치"),
        help=Words(en="Path of the array that is the result.", ko="결과로 쓸 배열의 경로입니다."),
        placeholder="data.items",
        advanced=True,
    ),
    SelectField(
        key="paging",
        label=Words(en="Paging", ko="페이징"),
        help=Words(en="Reads page after page; needs Rows at.", ko="페이지를 이어서 읽습니다. 행 위치가 필요합니다."),
        default="none",
        options=(
            _option("none", "None", "없음"),
            _option("page", "Page number", "페이지 번호"),
            _option("offset", "Number of rows so far", "지금까지의 행 수"),
            _option("next_url", "Next URL in the answer", "응답의 다음 URL"),
            _option("cursor", "Cursor in the answer", "응답의 커서"),
            _option("link_header", "Link header", "Link 헤더"),
        ),
        advanced=True,
    ),
    TextField(
        key="paging_parameter",
        label=Words(en="Paging parameter", ko="페이징 매개변수"),
        help=Words(
            en="Query name of the page number, row offset or cursor.",
            ko="페이지 번호, 행 수, 커서를 넣을 쿼리 이름입니다.",
        ),
        placeholder="page",
        advanced=True,
    ),
    TextField(
        key="paging_path",
        label=Words(en="Next page at", ko="다음 페이지 위치"),
        help=Words(en="Path of the next URL or cursor.", ko="다음 URL이나 커서가 있는 경로입니다."),
        placeholder="data.next",
        advanced=True,
    ),
    NumberField(
        key="max_pages",
        label=Words(en="Most pages", ko="최대 페이지 수"),
        help=Words(en="Then $meta.truncated is true.", ko="넘으면 $meta.truncated가 true입니다."),
        default=100,
        whole=True,
        minimum=Decimal(1),
        maximum=Decimal(10_000),
        advanced=True,
    ),
)

_AROUND: tuple[OutputField, ...] = (
    OutputField(path="status", label=Words(en="Status", ko="상태 코드"), type="number"),
    OutputField(path="ok", label=Words(en="Success (200 to 299)", ko="성공(200~299)"), type="boolean"),
    OutputField(path="headers", label=Words(en="Headers, names in lower case", ko="헤더(소문자 이름)"), type="object"),
    OutputField(path="data", label=Words(en="Body", ko="본문"), type="any"),
    OutputField(path="content_type", label=Words(en="Content type", ko="콘텐츠 유형"), type="text"),
    OutputField(path="url", label=Words(en="URL after redirects", ko="리디렉션 후 URL"), type="text"),
    OutputField(path="elapsed_ms", label=Words(en="Duration (ms)", ko="걸린 시간(ms)"), type="number"),
)

APP = App(
    slug="api",
    name="API",
    category="API",
    description=Words(
        en="Call any HTTP server: web services, internal systems, public data.",
        ko="웹 서비스, 사내 시스템, 공공 데이터 등 모든 HTTP 서버를 호출합니다.",
    ),
    connections=CONNECTIONS,
    connection_required=False,
    actions=(
        Action(
            key="http_request",
            name="HTTP Request",
            description=Words(
                en="Sends one HTTP request and answers status, headers and body.",
                ko="HTTP 요청을 보내고 상태 코드, 헤더, 본문을 돌려줍니다.",
            ),
            fields=_FIELDS,
            call=Request(
                method=Input(field="method"),
                url=Input(field="url"),
                query=Input(field="params"),
                headers=Input(field="headers"),
                body_type=Input(field="body_type"),
                body=Input(field="body"),
                timeout_seconds=Input(field="timeout_seconds"),
                follow_redirects=Input(field="follow_redirects"),
                verify_tls=Input(field="verify_tls"),
                response_type=Input(field="response_type"),
                fail_on_status=Input(field="fail_on_status"),
                retries=Input(field="retries"),
                paging=Paging(
                    style=Input(field="paging"),
                    parameter=Input(field="paging_parameter"),
                    path=Input(field="paging_path"),
                    max_pages=Input(field="max_pages"),
                ),
            ),
            outputs=Outputs(
                rows=Input(field="rows"),
                open=True,
                fields=_AROUND,
                meta=(
                    *_AROUND,
                    OutputField(path="row_count", label=Words(en="Number of rows", ko="행 수"), type="number"),
                    OutputField(path="pages", label=Words(en="Pages read", ko="읽은 페이지 수"), type="number"),
                    OutputField(
                        path="truncated", label=Words(en="More pages left", ko="남은 페이지 있음"), type="boolean"
                    ),
                ),
            ),
            idempotent="by_inputs",
        ),
    ),
    troubleshooting=(
        (
            Words(en="The address is refused as private or local.", ko="비공개 주소나 로컬 주소라며 거부됩니다."),
            Words(
                en="Outcode calls public addresses only. Whoever runs it can open others with OUTCODE_EGRESS_ALLOW.",
                ko="Outcode는 공개 주소만 호출합니다. 운영자는 OUTCODE_EGRESS_ALLOW로 다른 주소를 열 수 있습니다.",
            ),
        ),
        (
            Words(en="The credential is not sent.", ko="인증 정보가 전송되지 않습니다."),
            Words(
                en="It goes to the connection's allowed hosts only, and never from https to http. Add the host of "
                "the URL there.",
                ko="인증 정보는 연결의 허용 호스트로만 가고, https에서 http로는 가지 않습니다. URL의 호스트를 허용 "
                "호스트에 추가하세요.",
            ),
        ),
        (
            Words(
                en="The result is one object, but I want its rows.", ko="결과가 객체 하나인데 그 안의 행이 필요합니다."
            ),
            Words(
                en="Set Rows at to the path of the array, such as data.items; then later tasks run once for each row.",
                ko="행 위치에 data.items처럼 배열의 경로를 쓰세요. 그러면 다음 작업이 행마다 실행됩니다.",
            ),
        ),
        (
            Words(en="A POST was not repeated after a time-out.", ko="시간 초과 뒤에 POST가 재시도되지 않았습니다."),
            Words(
                en="It may have been carried out. Send an Idempotency-Key header if the server knows it; then it "
                "is repeated.",
                ko="이미 처리되었을 수 있기 때문입니다. 서버가 지원하면 Idempotency-Key 헤더를 보내세요. 그러면 "
                "재시도합니다.",
            ),
        ),
    ),
)
