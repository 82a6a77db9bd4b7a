from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.runs.webhooks import Upload
from outcode.server.multipart import MAX_FIELDS, MAX_FILES, read_multipart
from outcode.values.problems import InputProblem
from tests.server.conftest import multipart

TYPE = "multipart/form-data; boundary=b0undary"


def part(headers: str, content: bytes = b"x") -> bytes:
    return b"--b0undary\r\n" + headers.encode() + b"\r\n\r\n" + content + b"\r\n--b0undary--\r\n"


def test_fields_and_files_in_order() -> None:
    data, headers = multipart(
        ("a", "1"), ("이름", "홍길동"), ("f", b"\xff\r\n--b0und", "사진.png", "image/png"), ("a", "")
    )
    assert read_multipart(headers["Content-Type"], data) == [
        ("a", "1"),
        ("이름", "홍길동"),
        ("f", Upload("사진.png", "image/png", b"\xff\r\n--b0und")),
        ("a", ""),
    ]
    assert read_multipart('multipart/form-data; charset=utf-8; boundary="b0undary"', data)


def test_names_of_files_are_only_names() -> None:
    ((_, named),) = read_multipart(TYPE, part('Content-Disposition: form-data; name="f"; filename="a\tb\x01/../c.txt"'))
    assert named == Upload("ab/../c.txt", "application/octet-stream", b"x")
    ((_, long),) = read_multipart(TYPE, part(f'Content-Disposition: form-data; name="f"; filename="{"x" * 2000}"'))
    assert isinstance(long, Upload)
    assert len(long.name) == 255
    ((_, left_empty),) = read_multipart(TYPE, part('Content-Disposition: form-data; name="f"; filename=""', b""))
    assert left_empty is None
    ((_, nameless),) = read_multipart(TYPE, part('Content-Disposition: form-data; name="f"; filename=""'))
    assert nameless == Upload("file", "application/octet-stream", b"x")


BROKEN: list[tuple[str, bytes, str]] = [
    (TYPE, b"", "webhook_body_unreadable"),
    (TYPE, b"--b0undary\r\nnonsense", "webhook_body_unreadable"),
    (TYPE, part('Content-Disposition: form-data; name="a"')[:-8], "webhook_body_unreadable"),
    ("multipart/form-data", part('Content-Disposition: form-data; name="a"'), "webhook_body_unreadable"),
    ("multipart/form-data; boundary=" + "x" * 500, b"--x--", "webhook_body_unreadable"),
    (TYPE, part("Content-Type: text/plain"), "webhook_body_unreadable"),
    (TYPE, part('Content-Disposition: form-data; name="a"', b"\xc7\xd1"), "body_not_utf8"),
    (
        TYPE,
        b"".join(part('Content-Disposition: form-data; name="a"')[:-15] for _ in range(MAX_FIELDS + 1)),
        "webhook_body_unreadable",
    ),
    (
        TYPE,
        b"".join(
            part('Content-Disposition: form-data; name="a"; filename="f"').removesuffix(b"--b0undary--\r\n")
            for _ in range(MAX_FILES + 1)
        )
        + b"--b0undary--\r\n",
        "webhook_body_unreadable",
    ),
]


@pytest.mark.parametrize(("content_type", "data", "code"), BROKEN)
def test_a_broken_form_is_told(content_type: str, data: bytes, code: str) -> None:
    with pytest.raises(InputProblem) as broken:
        read_multipart(content_type, data)
    assert broken.value.code == code
    assert broken.value.message("ko")


@given(st.binary(max_size=300), st.text(st.characters(max_codepoint=255), max_size=80))
def test_nothing_else_is_raised(data: bytes, content_type: str) -> None:
    for type_, body in ((TYPE, data), (TYPE, b"--b0undary\r\n" + data), (content_type, data)):
        try:
            read_multipart(type_, body)
        except InputProblem:
            continue


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=10).filter(lambda t: t.isalnum()), st.text(max_size=50)), min_size=1
    )
)
def test_what_is_written_is_read(fields: list[tuple[str, str]]) -> None:
    if any("\ud800" <= letter <= "\udfff" for _, text in fields for letter in text):
        return
    data, headers = multipart(*fields)
    assert read_multipart(headers["Content-Type"], data) == fields
