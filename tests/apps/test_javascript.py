"""The app "JavaScript": its form has the limits that the product states."""

from __future__ import annotations

from decimal import Decimal

from outcode.appkit import CodeField, NumberField
from outcode.apps.javascript import APP


def test_the_declaration_is_what_the_product_lists() -> None:
    assert (APP.slug, APP.name, APP.category, APP.connections) == ("javascript", "JavaScript", "JavaScript", ())
    (action,) = APP.actions
    assert (action.key, action.name, action.idempotent) == (
        "function_execution",
        "Function Execution",
        True,
    )
    assert (action.outputs.result, action.outputs.rows) == ("result", None)
    assert [output.path for output in action.outputs.meta] == ["logs", "duration_ms"]
    assert [field.key for field in action.fields] == ["code", "input", "timeout_seconds", "memory_mb"]
    assert [field.key for field in action.fields if field.required] == ["code"]


def test_the_fields_have_the_sheet_s_limits() -> None:
    (action,) = APP.actions
    code, timeout, memory = (action.field(key) for key in ("code", "timeout_seconds", "memory_mb"))
    assert isinstance(code, CodeField)
    assert (code.place, code.max_length) == ("javascript", 200_000)
    assert isinstance(timeout, NumberField)
    assert (timeout.default, timeout.minimum, timeout.maximum, timeout.whole) == (10, Decimal(1), Decimal(60), True)
    assert isinstance(memory, NumberField)
    assert (memory.default, memory.minimum, memory.maximum, memory.whole) == (128, Decimal(16), Decimal(512), True)
    for field in action.fields:
        assert field.help is not None
        assert all(0 < len(text) <= 70 for text in (field.help.en, field.help.ko))


def test_the_editor_says_which_libraries_are_there() -> None:
    code = APP.actions[0].field("code")
    assert code is not None
    assert code.help is not None
    for text in (code.help.en, code.help.ko):
        assert "`_`" in text
        assert "`dayjs`" in text
