"""Between JSON values and what botocore's models call for: exact on both sides, with the place of what does not fit.

Bytes are base64 and moments are ISO 8601 in both directions.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar, cast

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.utils import parse_timestamp

from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references.rendering import render

_T = TypeVar("_T")
_LARGEST = 2**63
_DIGITS = 19


def parameter_of(value: Json, shape: Shape, path: str) -> object:
    """A value as the member ``shape`` takes it; null members of objects are left out.

    Raises InputProblem ``aws_parameter_type`` or ``aws_parameter_unknown`` naming the path.
    """
    match shape.type_name:
        case "structure":
            members = _expected(value, dict, shape, path)
            structure = cast("StructureShape", shape)
            if structure.is_document_type:
                return _document(members)
            return {
                name: parameter_of(item, _member(structure, name, path), f"{path}.{name}" if path else name)
                for name, item in members.items()
                if item is not None
            }
        case "map":
            pairs = _expected(value, dict, shape, path)
            of_value = cast("MapShape", shape).value
            return {key: parameter_of(item, of_value, f"{path}.{key}") for key, item in pairs.items()}
        case "list":
            of_item = cast("ListShape", shape).member
            items = _expected(value, list, shape, path)
            return [parameter_of(item, of_item, f"{path}[{index}]") for index, item in enumerate(items)]
        case _:
            return _scalar(value, shape, path)


def _scalar(value: Json, shape: Shape, path: str) -> object:
    match shape.type_name:
        case "string" | "character" if isinstance(value, str | bool | int | Decimal):
            return render(value)
        case "integer" | "long" if not isinstance(value, bool) and isinstance(value, int | Decimal):
            whole = _whole(value)
            if whole is not None:
                return whole
        case "float" | "double" if not isinstance(value, bool) and isinstance(value, int | Decimal):
            return float(value)
        case "boolean" if isinstance(value, bool):
            return value
        case "timestamp" if isinstance(value, str):
            return _read(lambda: _moment(value), shape, path)
        case "blob" if isinstance(value, str):
            return _read(lambda: base64.b64decode(value, validate=True), shape, path)
    raise _wrong(shape, path)


def json_of(value: object) -> Json:
    """What a response parser answers as JSON; numbers that JSON lacks become text.

    >>> json_of({"a": [0.1, b"hi", float("inf")]})
    {'a': [Decimal('0.1'), 'aGk=', 'Infinity']}
    """
    match value:
        case float():
            if not math.isfinite(value):
                return str(Decimal(value))
            return Decimal(repr(value))
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case Mapping():
            return {str(key): json_of(item) for key, item in value.items()}
        case list():
            return [json_of(item) for item in value]
        case _:
            return value


def iso_text(value: str | float) -> str:
    """A moment of an answer (seconds, ISO 8601 or an HTTP date) in UTC; raises ValueError.

    >>> iso_text(1763719200.5), iso_text("2026-11-21T10:00:00Z")
    ('2025-11-21T10:00:00.500000Z', '2026-11-21T10:00:00Z')
    """
    # The stubs know of texts only; the parsers hand over numbers, too.
    return f"{parse_timestamp(cast('str', value)).astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def _whole(value: int | Decimal) -> int | None:
    """The whole number of at most 64 bits that a value is, or None; an exponent is never written out."""
    if isinstance(value, Decimal) and not (value.is_finite() and value.adjusted() < _DIGITS):
        return None
    number = int(value)
    return number if number == value and -_LARGEST <= number < _LARGEST else None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _read(read: Callable[[], _T], shape: Shape, path: str) -> _T:
    try:
        return read()
    except (ValueError, binascii.Error) as error:
        raise _wrong(shape, path) from error


def _expected(value: Json, kind: type[_T], shape: Shape, path: str) -> _T:
    if not isinstance(value, kind):
        raise _wrong(shape, path)
    return value


def _member(shape: StructureShape, name: str, path: str) -> Shape:
    if name not in shape.members:
        raise InputProblem("aws_parameter_unknown", path=f"{path}.{name}" if path else name, known=list(shape.members))
    return shape.members[name]


def _document(value: Json) -> object:
    match value:
        case Decimal():
            whole = _whole(value)
            return float(value) if whole is None else whole
        case dict():
            return {key: _document(item) for key, item in value.items()}
        case list():
            return [_document(item) for item in value]
        case _:
            return value


def _wrong(shape: Shape, path: str) -> InputProblem:
    expected = {"structure": "object", "map": "object", "blob": "base64", "timestamp": "ISO 8601"}
    return InputProblem("aws_parameter_type", path=path, expected=expected.get(shape.type_name, shape.type_name))
