"""The app "RSS": the entries of any feed as rows, be it RSS, Atom or JSON Feed, with or without a password."""

from __future__ import annotations

from decimal import Decimal

from outcode.appkit import (
    Action,
    App,
    Basic,
    ConnectionTest,
    DatetimeField,
    Input,
    NoCredential,
    NumberField,
    OutputField,
    Outputs,
    Request,
    SwitchField,
    TextField,
    Words,
)
from outcode.apps.rss.hooks import read_feed

_ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.1"
_TIMEOUT_SECONDS = 20


def _url(*, required: bool, en: str, ko: str) -> TextField:
    return TextField(
        key="url",
        label=Words(en="Feed URL", ko="피드 URL"),
        help=Words(en=en, ko=ko),
        place="url",
        placeholder="https://example.com/feed.xml",
        required=required,
    )


_OF_CONNECTION = _url(
    required=True,
    en="The address that answers with the feed itself.",
    ko="피드 자체를 돌려주는 주소입니다.",
)
_KINDS = (
    NoCredential(key="feed", label=Words(en="Public feed", ko="공개 피드"), fields=(_OF_CONNECTION,)),
    Basic(
        key="feed_basic",
        label=Words(en="Feed with a password", ko="비밀번호가 있는 피드"),
        fields=(
            _OF_CONNECTION,
            TextField(key="username", label=Words(en="User name", ko="사용자 이름"), required=True),
            TextField(key="password", label=Words(en="Password", ko="비밀번호"), required=True, sensitive=True),
        ),
        steps=(
            Words(
                en="Open the feed in a browser: one that asks for a user name and a password there fits here.",
                ko="브라우저에서 피드를 엽니다. 사용자 이름과 비밀번호를 묻는 피드가 여기에 맞습니다.",
            ),
            Words(
                en="Enter what whoever publishes the feed gave you.",
                ko="피드를 발행하는 쪽에서 받은 사용자 이름과 비밀번호를 입력합니다.",
            ),
        ),
        link="https://www.rfc-editor.org/rfc/rfc7617",
    ),
)


def _get(url: str | Input) -> Request:
    return Request(
        method="GET",
        url=url,
        headers={"Accept": _ACCEPT},
        timeout_seconds=_TIMEOUT_SECONDS,
        after=read_feed,
    )


def _output(path: str, en: str, ko: str, kind: str = "text") -> OutputField:
    return OutputField.model_validate({"path": path, "label": {"en": en, "ko": ko}, "type": kind})


_GET_FEED = Action(
    key="get_rss_feed",
    name="Get RSS Feed",
    description=Words(
        en="Reads a feed and answers its entries as rows, the newest usually first.",
        ko="피드를 읽어 항목을 행으로 가져옵니다. 보통 최신 항목이 먼저 옵니다.",
    ),
    fields=(
        _url(
            required=False,
            en="Empty: the one of the connection.",
            ko="비우면 연결의 주소를 씁니다.",
        ),
        NumberField(
            key="limit",
            label=Words(en="Max items", ko="최대 항목 수"),
            whole=True,
            minimum=Decimal(1),
            maximum=Decimal(1000),
            default=50,
        ),
        DatetimeField(
            key="since",
            label=Words(en="Published after", ko="이 시각 이후 발행"),
            help=Words(en="Entries without a date are always there.", ko="날짜가 없는 항목은 항상 포함됩니다."),
        ),
        TextField(
            key="keyword",
            label=Words(en="Keyword", ko="키워드"),
            help=Words(en="In the title or summary, in any case.", ko="제목이나 요약에서 찾습니다(대소문자 무관)."),
        ),
        SwitchField(
            key="strip_html",
            label=Words(en="Remove HTML", ko="HTML 제거"),
            help=Words(
                en="Titles, summaries and contents as plain text.", ko="제목, 요약, 본문을 일반 텍스트로 바꿉니다."
            ),
            default=False,
        ),
    ),
    call=_get(Input(field="url")),
    outputs=Outputs(
        rows="data.items",
        fields=(
            _output("id", "ID", "ID"),
            _output("title", "Title", "제목"),
            _output("link", "Link", "링크"),
            _output("summary", "Summary", "요약"),
            _output("content", "Content", "본문"),
            _output("author", "Author", "작성자"),
            _output("published", "Published at", "발행 시각", "datetime"),
            _output("updated", "Updated at", "수정 시각", "datetime"),
            _output("published_raw", "Date as written", "원래 날짜 표기"),
            _output("categories", "Categories", "카테고리", "list"),
            _output("enclosures", "Attached files", "첨부 파일", "list"),
            _output("comments", "Link to comments", "댓글 링크"),
            _output("image", "Image", "이미지"),
        ),
        meta=(
            _output("data.feed.title", "Title of the feed", "피드 제목"),
            _output("data.feed.link", "Link of the feed", "피드 링크"),
            _output("data.feed.description", "Description", "설명"),
            _output("data.feed.language", "Language", "언어"),
            _output("data.feed.updated", "Updated at", "수정 시각", "datetime"),
            _output("data.feed.image", "Image", "이미지"),
            _output("data.feed.generator", "Generator", "생성 프로그램"),
            _output("row_count", "Number of items", "항목 수", "number"),
        ),
    ),
    idempotent=True,
    link="https://www.rssboard.org/rss-specification",
)

APP = App(
    slug="rss",
    name="RSS",
    category="Productivity",
    description=Words(
        en="News, blogs and podcasts: the entries of RSS, Atom and JSON feeds.",
        ko="뉴스, 블로그, 팟캐스트의 RSS, Atom, JSON 피드 항목을 읽습니다.",
    ),
    connections=_KINDS,
    connection_required=False,
    base_url="{connection.url}",
    test=ConnectionTest(request=_get("{connection.url}"), identity="{feed.title}"),
    actions=(_GET_FEED,),
    troubleshooting=(
        (
            Words(en="How do I get only what is new since the last run?", ko="지난 실행 이후의 새 항목만 받으려면?"),
            Words(
                en="The task keeps nothing between runs. Have a schedule start the flow once for each id of an entry, "
                "or set Published after to the time of the last run.",
                ko="이 작업은 실행 사이에 아무것도 기억하지 않습니다. 일정에서 항목의 id마다 한 번만 시작하게 하거나, "
                "이 시각 이후 발행을 지난 실행 시각으로 정하세요.",
            ),
        ),
        (
            Words(en="It says that the address is a web page.", ko="주소가 웹 페이지라고 나옵니다."),
            Words(
                en="Open the page and look for a link named RSS, Atom or Feed; that link is the address to use.",
                ko="페이지에서 RSS, Atom, 피드라는 이름의 링크를 찾으세요. 그 링크가 써야 할 주소입니다.",
            ),
        ),
        (
            Words(en="An entry is not there although it is on the page.", ko="페이지에는 있는 항목이 피드에 없습니다."),
            Words(
                en="A feed holds only as many entries as its publisher puts in, often the latest 10 to 50.",
                ko="피드에는 발행하는 쪽이 넣은 만큼만 있습니다. 보통 최신 10~50개입니다.",
            ),
        ),
        (
            Words(en="The feed is gone (status 410).", ko="피드가 없어졌다고 나옵니다(상태 410)."),
            Words(
                en="Its publisher has taken it away for good; look for its new address on their page.",
                ko="발행하는 쪽에서 피드를 영구히 없앴습니다. 홈페이지에서 새 주소를 찾으세요.",
            ),
        ),
    ),
)
