"""What each vendor's declaration makes of a request, compared with what the vendor's own page says it must be."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from yarl import URL

from outcode.transport.http.auth import authorized
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.json import loads
from outcode.values.problems import InputProblem
from tests.support.vendors import (
    CANARY,
    DATA_GO_KR,
    FIREBASE,
    JANDI,
    LARK,
    MANDRILL,
    NAVER_SEARCH_ADS,
    ONESIGNAL,
    PUBLIC,
    SES,
    SOLAPI,
    VENDORS,
    Vendor,
)

NOW = datetime(2026, 11, 22, 3, 4, 5, 678000, tzinfo=UTC)
SALT = "0123456789abcdef0123456789abcdef"


def asked(
    vendor: Vendor,
    url: str = "https://api.example.com/stats?ids=a%2Cb&n=1",
    method: str = "GET",
    body: bytes | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> PreparedRequest:
    request = PreparedRequest(method=method, url=URL(url), body=body, headers=headers)
    return authorized(request, vendor.connection(), vendor.tokens, now=NOW, salt=SALT)


def shown(request: PreparedRequest) -> str:
    return f"{request.url} {dict(request.headers)} {(request.body or b'').decode()}"


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_every_vendor_gets_what_it_asks_for(vendor: Vendor) -> None:
    url = str(vendor.connection().values(vendor.tokens).get("url") or "https://api.example.com/x")
    assert vendor.shows in shown(asked(vendor, url, method="POST", body=b'{"a":1}'))


def test_nothing_is_added_without_credential() -> None:
    assert shown(asked(PUBLIC)) == "https://api.example.com/stats?ids=a,b&n=1 {} "


def test_solapi() -> None:
    signature = hmac.new(CANARY.encode(), f"2026-11-22T03:04:05Z{SALT}".encode(), hashlib.sha256).hexdigest()
    request = asked(SOLAPI, headers=(("authorization", "old"),))
    assert request.headers == (
        (
            "Authorization",
            f"HMAC-SHA256 apiKey=NCS0, date=2026-11-22T03:04:05Z, salt={SALT}, signature={signature}",
        ),
    )
    assert signature in request.secrets


def test_naver_search_ads() -> None:
    message = b"1795316645678.GET./stats"
    signature = base64.b64encode(hmac.new(f"{CANARY}-2".encode(), message, hashlib.sha256).digest()).decode()
    assert dict(asked(NAVER_SEARCH_ADS).headers) == {
        "X-Timestamp": "1795316645678",
        "X-API-KEY": f"licence-{CANARY}",
        "X-Customer": "1001",
        "X-Signature": signature,
    }


def test_lark() -> None:
    request = asked(LARK, method="POST", body=b'{"msg_type":"text"}', headers=(("Content-Type", "application/json"),))
    key = f"1795316645\n{CANARY}".encode()
    sign = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    assert loads(request.body or b"") == {"msg_type": "text", "timestamp": "1795316645", "sign": sign}


def test_keys_go_into_headers_queries_and_bodies() -> None:
    assert dict(asked(ONESIGNAL).headers) == {"Authorization": f"Key {CANARY}"}
    assert asked(DATA_GO_KR).url.query["serviceKey"] == "cAnary-s3cret+ab=="
    empty = asked(MANDRILL, method="POST")
    assert (empty.body, empty.header("content-type")) == (b'{"key":"%s"}' % CANARY.encode(), "application/json")
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    assert asked(MANDRILL, body=b"a=1&key=own", headers=form).body == b"a=1&key=" + CANARY.encode()


@pytest.mark.parametrize("body", [b"[1]", b"text", b"\xff"])
def test_a_body_that_cannot_take_a_key(body: bytes) -> None:
    with pytest.raises(InputProblem) as caught:
        asked(MANDRILL, body=body)
    assert caught.value.code == "credential_needs_body"


def test_a_secret_url_is_what_calls_name() -> None:
    connection = JANDI.connection()
    assert connection.values(None)["url"] == JANDI.fields["webhook_url"]
    assert connection.may_go_to(URL(str(connection.values(None)["url"])), ("https", "wh.example.com", 443))
    assert CANARY not in connection.mask().url(URL(str(JANDI.fields["webhook_url"])))
    moved = JANDI.connection("http://127.0.0.1:9/")
    assert moved.values(None)["url"] == f"http://127.0.0.1:9/connect-api/webhook/1/{CANARY}"


def test_values_of_a_key_file_are_known_to_calls() -> None:
    connection = FIREBASE.connection()
    values = connection.values(None)
    assert (values["client_email"], values["project_id"]) == ("robot@shop.example", "shop")
    assert connection.base_url == "https://shop.example.com"


def test_aws_headers() -> None:
    request = asked(SES, "https://email.ap-northeast-2.example.com/v2/email/account")
    headers = dict(request.headers)
    assert headers["X-Amz-Date"] == "20261122T030405Z"
    assert headers["X-Amz-Security-Token"] == f"sts-{CANARY}"
    assert "/20261122/ap-northeast-2/ses/aws4_request, SignedHeaders=host;" in headers["Authorization"]
