"""The rules themselves, and what ``quality.yaml`` may say about them."""

from __future__ import annotations

from typing import Literal

from outcode.appkit.base import Declared, Words

Tier = Literal["bronze", "silver", "gold"]
TIERS: tuple[Tier, ...] = ("bronze", "silver", "gold")


class Rule(Declared):
    """One demand. ``exemptible``: does not fit every app. ``comment_needed``: done counts only with a word on how."""

    key: str
    tier: Tier
    words: Words
    exemptible: bool = True
    comment_needed: bool = False


class Claim(Declared):
    """What an app says of one rule."""

    status: Literal["done", "todo", "exempt"]
    comment: str = ""


def _rule(key: str, tier: Tier, en: str, ko: str, *, exemptible: bool = True, comment_needed: bool = False) -> Rule:
    words = Words(en=en, ko=ko)
    return Rule(key=key, tier=tier, words=words, exemptible=exemptible, comment_needed=comment_needed)


RULES: tuple[Rule, ...] = (
    _rule("form", "bronze", "The form rules find nothing.", "폼 규칙에 어긋난 것이 없습니다.", exemptible=False),
    _rule(
        "samples",
        "bronze",
        "Every action, every trigger and the connection test has a sample.",
        "모든 작업, 트리거, 연결 테스트에 샘플이 있습니다.",
        exemptible=False,
    ),
    _rule("icon", "bronze", "A small, harmless icon.svg.", "작고 안전한 icon.svg가 있습니다.", exemptible=False),
    _rule(
        "outputs",
        "bronze",
        "Every action declares what it answers.",
        "모든 작업이 돌려주는 값을 선언합니다.",
        exemptible=False,
    ),
    _rule(
        "help",
        "bronze",
        "Fields that take code, JSON, rows, lists or names and values say how they are written.",
        "코드, JSON, 행, 목록, 이름과 값을 받는 필드에 쓰는 방법이 있습니다.",
        exemptible=False,
    ),
    _rule(
        "steps",
        "bronze",
        "Every way to connect tells where its key is found, with a link.",
        "모든 연결 방법에 키를 찾는 단계와 링크가 있습니다.",
    ),
    _rule(
        "connection_test",
        "bronze",
        "A connection is tried before it is stored.",
        "연결을 저장하기 전에 시험합니다.",
    ),
    _rule(
        "errors",
        "bronze",
        "The vendor's own sentence is found in its error answers.",
        "오류 응답에서 서비스가 보낸 문장을 찾습니다.",
    ),
    _rule(
        "sources", "bronze", "Every action names the page that describes it.", "모든 작업에 설명 문서 링크가 있습니다."
    ),
    _rule(
        "repeats",
        "bronze",
        "Whether each action may be repeated was checked against its reference.",
        "각 작업을 반복해도 되는지 공식 문서로 확인했습니다.",
        exemptible=False,
    ),
    _rule("paging", "silver", "Actions that read rows read all pages.", "행을 읽는 작업은 모든 페이지를 읽습니다."),
    _rule("limits", "silver", "Rate limits with source and date.", "호출 한도가 출처, 날짜와 함께 있습니다."),
    _rule(
        "identity",
        "silver",
        "A connection says whose account it is.",
        "연결이 누구의 계정인지 보여 줍니다.",
    ),
    _rule("error_samples", "silver", "A refusal has a sample.", "거절 응답의 샘플이 있습니다."),
    _rule(
        "rate_limit_sample",
        "silver",
        "An answer to too many calls has a sample.",
        "호출이 너무 많을 때의 응답 샘플이 있습니다.",
    ),
    _rule("choices", "silver", "Ids are picked from lists.", "ID를 목록에서 고릅니다."),
    _rule(
        "batch",
        "silver",
        "Where the vendor takes many rows in a call, so do we.",
        "서비스가 여러 행을 한 번에 받으면 한 번에 보냅니다.",
    ),
    _rule(
        "troubleshooting",
        "silver",
        "What people run into is answered.",
        "자주 생기는 문제와 해결 방법이 있습니다.",
    ),
    _rule("live", "gold", "Samples were taken from the vendor's own answers.", "샘플이 실제 응답에서 온 것입니다."),
    _rule("trigger", "gold", "Events of the vendor start flows.", "서비스의 이벤트로 플로우를 시작합니다."),
    _rule(
        "limitations",
        "gold",
        "Known limitations are written down.",
        "알려진 제약을 적어 두었습니다.",
        exemptible=False,
        comment_needed=True,
    ),
    _rule(
        "end_to_end",
        "gold",
        "A test runs a flow with it; the comment names the file.",
        "이 앱을 쓰는 플로우를 실행하는 테스트가 있습니다(설명에 파일 이름).",
        exemptible=False,
        comment_needed=True,
    ),
    _rule(
        "language",
        "gold",
        "Both languages were read by people who speak them.",
        "두 언어를 각각 쓰는 사람이 문구를 읽어 보았습니다.",
        exemptible=False,
    ),
)
