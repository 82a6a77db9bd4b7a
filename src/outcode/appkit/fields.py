"""The questions a form asks: a closed union, one class a kind; the web has one component for each of them.

A field says *what to ask*; a call (``calls.py``) says *where the answer goes*. ``place`` says how references inside the
answer are treated: as plain text, as part of SQL, of JavaScript, of JSON, of a URL.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field as _Field

from outcode.appkit.base import Declared, Words
from outcode.appkit.calls import Dialect
from outcode.appkit.choices import Choices


class ShownWhen(Declared):
    """A field shows only while another one (a select or a switch) has one of these values."""

    field: str
    values: tuple[str | bool, ...]


class _Common(Declared):
    key: str
    """Permanent name: lower case, digits and underscores."""
    label: Words
    help: Words | None = None
    """At most 70 characters in each language."""
    required: bool = False
    advanced: bool = False
    default: Any = None
    sensitive: bool = False
    """Stored encrypted (in connections) and masked wherever the value would be shown."""
    shown_when: ShownWhen | None = None
    """None: always. A field that is not shown is neither asked nor required."""


class TextField(_Common):
    """One line of text."""

    kind: Literal["text"] = "text"
    place: Literal["text", "url"] = "text"
    placeholder: str | None = None
    max_length: int = 8192


class LongTextField(_Common):
    """Several lines of text."""

    kind: Literal["long_text"] = "long_text"
    place: Literal["text"] = "text"
    max_length: int = 1_000_000


class CodeField(_Common):
    """Code in an editor; references become bound parameters or variables, never source text."""

    kind: Literal["code"] = "code"
    place: Literal["sql", "javascript"]
    dialect: Dialect | None = None
    max_length: int = 1_000_000


class NumberField(_Common):
    """A number; ``whole`` allows integers only."""

    kind: Literal["number"] = "number"
    whole: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None


class SwitchField(_Common):
    """On or off."""

    kind: Literal["switch"] = "switch"


class Option(Declared):
    """One choice of a select field."""

    value: str
    label: Words


class SelectField(_Common):
    """One of a fixed list."""

    kind: Literal["select"] = "select"
    options: tuple[Option, ...]


class MultiSelectField(_Common):
    """Any of a fixed list; the answer is a list of values."""

    kind: Literal["multi_select"] = "multi_select"
    options: tuple[Option, ...]


class ChoiceField(_Common):
    """One of a list that the other side knows (``multiple``: any of it); a value typed by hand is taken, too."""

    kind: Literal["choice"] = "choice"
    choices: Choices
    multiple: bool = False


class DateField(_Common):
    """A day, ``2026-11-22``."""

    kind: Literal["date"] = "date"


class DatetimeField(_Common):
    """A moment in ISO 8601 with an offset; without one it is read in the organization's timezone."""

    kind: Literal["datetime"] = "datetime"


class NoteField(_Common):
    """Words between the fields; asks nothing. The text is ``help``, which may be long here."""

    kind: Literal["note"] = "note"


class ListField(_Common):
    """A list of texts."""

    kind: Literal["list"] = "list"
    max_items: int = 1000


class RowsField(_Common):
    """A list of objects, such as the result of an earlier task handed over whole."""

    kind: Literal["rows"] = "rows"


class MapField(_Common):
    """Names and values, such as headers: an object, or a list of ``{key, value}`` where a name may repeat."""

    kind: Literal["map"] = "map"
    max_items: int = 100


class JsonField(_Common):
    """Any JSON value; typed as text it may hold references, bare or inside strings."""

    kind: Literal["json"] = "json"
    place: Literal["json"] = "json"
    accepts: tuple[Literal["object", "list", "text"], ...] | None = None
    """None: any JSON value."""

    def reads_as_json(self, text: str) -> bool:
        """Whether typed text is JSON with references in it; where text is taken, too, its first character tells."""
        takes_text = self.accepts is None or "text" in self.accepts
        begins = text.lstrip()
        return not takes_text or (begins[:1] in {"{", "[", '"'} and not begins.startswith("{{"))


class FileField(_Common):
    """An uploaded file."""

    kind: Literal["file"] = "file"
    suffixes: tuple[str, ...]
    max_bytes: int = 20 * 1024 * 1024


Field = Annotated[
    TextField
    | LongTextField
    | CodeField
    | NumberField
    | SwitchField
    | SelectField
    | MultiSelectField
    | ChoiceField
    | DateField
    | DatetimeField
    | NoteField
    | ListField
    | RowsField
    | MapField
    | JsonField
    | FileField,
    _Field(discriminator="kind"),
]
