"""The words around what declarations say, on the pages of ``docs/apps/``."""

from __future__ import annotations

from outcode.appkit import Words


def _words(en: str, ko: str) -> Words:
    return Words(en=en, ko=ko)


FRAME: dict[str, Words] = {
    "category": _words("Category", "분류"),
    "tier": _words("quality", "품질 등급"),
    "connect": _words("Connect", "연결하기"),
    "required": _words("Actions need a connection.", "작업에 연결이 필요합니다."),
    "optional": _words("Actions work with and without a connection.", "연결이 없어도 작업을 쓸 수 있습니다."),
    "vendor_page": _words("The vendor's page", "서비스의 안내 문서"),
    "trigger": _words("trigger", "트리거"),
    "repeat_yes": _words("Repeating it does no harm.", "반복해도 문제가 없습니다."),
    "repeat_no": _words(
        "Repeating it may do it twice, so it is not repeated by itself after a lost answer.",
        "반복하면 두 번 처리될 수 있어, 응답을 받지 못해도 자동으로 반복하지 않습니다.",
    ),
    "repeat_depends": _words(
        "Whether it may be repeated depends on what you enter.", "반복해도 되는지는 입력한 내용에 따라 다릅니다."
    ),
    "batch": _words(
        "When it iterates, up to {maximum} elements go into one call.",
        "반복 실행할 때 한 번의 호출에 최대 {maximum}개를 함께 보냅니다.",
    ),
    "field": _words("Field", "필드"),
    "type": _words("Type", "유형"),
    "is_required": _words("Required", "필수"),
    "notes": _words("Notes", "설명"),
    "yes": _words("yes", "예"),
    "default": _words("Default", "기본값"),
    "secret": _words("Stored encrypted.", "암호화하여 저장합니다."),
    "choice": _words("Picked from a list of the service.", "서비스의 목록에서 고릅니다."),
    "result": _words("Result:", "결과:"),
    "rows": _words("Result, a list of rows:", "결과(행 목록):"),
    "around": _words("Around it, as `$meta`:", "결과와 함께 `$meta`로:"),
    "path": _words("Path", "경로"),
    "what": _words("What it is", "내용"),
    "open": _words("And further keys that the service names.", "그 밖에 서비스가 이름 붙인 키가 더 있습니다."),
    "limits": _words("Limits", "호출 한도"),
    "calls": _words("Calls", "호출 수"),
    "seconds": _words("In seconds", "기간(초)"),
    "source": _words("Source", "출처"),
    "checked": _words("Read on", "확인한 날"),
    "troubleshooting": _words("When something goes wrong", "문제가 생기면"),
    "problems": _words(
        "Every problem says what is wrong and what to do next; the task's history holds the requests, without secrets.",
        "모든 오류는 원인과 다음에 할 일을 알려 줍니다. 태스크 기록에는 비밀 값을 뺀 요청이 남습니다.",
    ),
    "means_credentials": _words(
        "the key or token is not accepted; renew the connection.",
        "키나 토큰을 받아들이지 않습니다. 연결을 새로 만드세요.",
    ),
    "means_permission": _words("the account may not do this.", "이 계정에 권한이 없습니다."),
    "means_not_found": _words("there is no such thing.", "해당 항목이 없습니다."),
    "means_conflict": _words("it exists already or has changed.", "이미 있거나 그사이에 바뀌었습니다."),
    "means_invalid": _words("something in the request is wrong.", "요청한 값이 올바르지 않습니다."),
    "means_too_large": _words("it is too large.", "너무 큽니다."),
    "means_rate_limited": _words(
        "too many calls; Outcode waits and tries again.", "호출이 너무 많아 기다렸다가 다시 시도합니다."
    ),
    "means_unavailable": _words("the service has trouble of its own.", "서비스 쪽에 문제가 있습니다."),
}

FIELD_KINDS: dict[str, Words] = {
    "text": _words("text", "텍스트"),
    "long_text": _words("long text", "긴 텍스트"),
    "code": _words("code", "코드"),
    "number": _words("number", "숫자"),
    "switch": _words("switch", "스위치"),
    "select": _words("one of a list", "하나 선택"),
    "multi_select": _words("some of a list", "여러 개 선택"),
    "choice": _words("picked from the service", "서비스에서 선택"),
    "date": _words("date", "날짜"),
    "datetime": _words("date and time", "날짜와 시각"),
    "note": _words("note", "안내"),
    "list": _words("list", "목록"),
    "rows": _words("rows", "행"),
    "map": _words("names and values", "이름과 값"),
    "json": _words("JSON", "JSON"),
    "file": _words("file", "파일"),
}

OUTPUT_TYPES: dict[str, Words] = {
    "text": _words("text", "텍스트"),
    "number": _words("number", "숫자"),
    "boolean": _words("true or false", "true/false"),
    "datetime": _words("date and time", "날짜와 시각"),
    "object": _words("object", "객체"),
    "list": _words("list", "목록"),
    "any": _words("anything", "모든 값"),
}
