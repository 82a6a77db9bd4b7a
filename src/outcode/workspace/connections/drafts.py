"""A connection that is not stored yet: the answers of its form, checked against what the app declares."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath

from outcode.appkit import App, Field, FileField, TextField
from outcode.appkit.accept import accept_answers
from outcode.appkit.connections import ConnectionKind
from outcode.transport.http.auth import OAuthClient, Tokens
from outcode.transport.http.auth.given import host_entry
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place, Problem, ProblemList, TooLarge
from outcode.workspace.connections.info import OpenConnection
from outcode.workspace.scope import new_id

_LONGEST_NAME = 200
_LARGEST_EXPONENT = 1000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way into a connection."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What a successful test found out; ``tokens`` are those that it fetched."""

    identity: str | None = None
    tokens: Tokens | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A connection as it would be stored; ``version`` counts its changes from 1."""

    id: str
    app: App
    kind: ConnectionKind
    name: str
    version: int
    fields: Mapping[str, Json]
    upload: Upload | None = None

    def opened(self, client: OAuthClient | None = None) -> OpenConnection:
        """The connection as a call would see it."""
        _, sealed = split(self.kind.fields, self.fields)
        names = {"file_name": file_name(self.upload)} if self.upload else {}
        return OpenConnection(
            id=self.id,
            app=self.app.slug,
            kind=self.kind.key,
            name=self.name,
            version=self.version,
            fields={**self.fields, **names},
            secrets=secret_texts(sealed),
            client=client,
        )

    def __repr__(self) -> str:
        return f"Draft(id={self.id!r}, app={self.app.slug!r}, name={self.name!r}, version={self.version})"


def draft(
    app: App, name: str, answers: Mapping[str, Json], upload: Upload | None = None, *, kind: str | None = None
) -> Draft:
    """A new connection of one of the app's kinds (None: the usual one); raises InputProblem for wrong answers."""
    name = usable_name(name)
    declared = connection_kind(app, kind)
    return Draft(new_id(), app, declared, name, 1, check_connection(app, declared, answers, upload), upload)


def connection_kind(app: App, key: str | None = None) -> ConnectionKind:
    """The app's kind of connection of that key, or its usual one; raises InputProblem when there is none."""
    if not app.connections:
        raise InputProblem("connection_not_taken", app=app.name)
    kind = app.connection_kind(key)
    if kind is None:
        known = [each.key for each in app.connections]
        raise InputProblem("connection_kind_unknown", Place(field="kind"), app=app.name, value=key, known=known)
    return kind


def check_connection(
    app: App,
    kind: ConnectionKind,
    answers: Mapping[str, Json],
    upload: Upload | None,
    *,
    has_file: bool = False,
) -> dict[str, Json]:
    """The answers with defaults, checked against the declaration; raises InputProblem naming the field.

    ``has_file``: the connection has its file already, so that the form may leave it out.
    """
    fields = kind.fields
    if unknown := sorted(set(answers) - {field.key for field in fields}):
        known = [field.key for field in fields]
        raise InputProblem(
            "connection_field_unknown", Place(field=unknown[0]), app=app.name, field=unknown[0], known=known
        )
    for key, value in answers.items():
        if not _is_storable(value):
            raise InputProblem("connection_value_unusable", Place(field=key), field=key, maximum=_LARGEST_EXPONENT)
    file_fields = [field for field in fields if isinstance(field, FileField)]
    if upload is not None and not file_fields:
        raise InputProblem("connection_file_not_taken", Place(field="file"), app=app.name)
    for field in file_fields:
        _check_upload(field, upload, has_file=has_file)
    accepted = accept_answers((field for field in fields if field not in file_fields), answers)
    for declared in fields:
        if declared.key == "allowed_hosts" and declared.required and not _names_hosts(accepted[declared.key]):
            raise InputProblem("field_required", Place(field=declared.key), label=declared.label.model_dump())
    return accepted


def refuse_moved_secrets(
    fields: Iterable[Field], stored: Mapping[str, Json], accepted: Mapping[str, Json], answers: Mapping[str, Json]
) -> None:
    """Raise InputProblem when settings change while stored secrets are left out of the answers.

    Any setting may say where the secrets go; who may change a connection is not therefore trusted with its secrets.
    """
    fields = [field for field in fields if not isinstance(field, FileField)]
    moved = {
        field.key
        for field in fields
        if _leads_somewhere(field) and _plain(stored.get(field.key, field.default)) != _plain(accepted[field.key])
    }
    problems: list[Problem] = [
        InputProblem("connection_secret_needed_again", Place(field=field.key), label=field.label.model_dump())
        for field in fields
        if field.sensitive and field.key not in answers and moved and _plain(stored.get(field.key)) is not None
    ]
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemList(problems)


def _names_hosts(value: Json) -> bool:
    """Whether a list of hosts names one: neither no entries nor blank ones open a credential to all hosts."""
    return isinstance(value, list) and any(host_entry(str(entry)) for entry in value)


def _leads_somewhere(field: Field) -> bool:
    return not field.sensitive or (isinstance(field, TextField) and field.place == "url")


def _plain(value: Json) -> Json:
    """The value, or None for every way of saying nothing."""
    return None if value in ("", [], {}) else value


def split(fields: Iterable[Field], answers: Mapping[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """The answers that may be shown, and those that are sealed."""
    sensitive = {field.key for field in fields if field.sensitive and not isinstance(field, FileField)}
    shown = {key: value for key, value in answers.items() if key not in sensitive}
    return shown, {key: value for key, value in answers.items() if key in sensitive}


def secret_texts(sealed: Mapping[str, Json]) -> tuple[str, ...]:
    """The sealed values that are there, as they would stand in a text; of names with values, the values.

    >>> secret_texts({"url": "https://x.example/?sig=1", "headers": [{"key": "X-Token", "value": "t"}]})
    ('https://x.example/?sig=1', 't')
    """
    return tuple(dict.fromkeys(_texts(sealed)))


def _texts(value: Json) -> Iterator[str]:
    match value:
        case None | "":
            return
        case {"key": _, "value": single, **others} if not others:
            yield from _texts(single)
        case dict():
            for member in value.values():
                yield from _texts(member)
        case list():
            for item in value:
                yield from _texts(item)
        case _:
            yield str(value)


def file_name(upload: Upload) -> str:
    """The file's name without the folders that some browsers send."""
    return PurePath(upload.name).name


def nfc(name: str) -> str:
    """The form in which names are looked up, however they were typed: macOS decomposes Hangul."""
    return unicodedata.normalize("NFC", name)


def usable_name(name: str) -> str:
    """The name in the form in which it is looked up; raises InputProblem when it cannot be one."""
    name = nfc(name).strip()
    if not 1 <= len(name) <= _LONGEST_NAME or any(unicodedata.category(character) == "Cc" for character in name):
        raise InputProblem("connection_name_unusable", Place(field="name"))
    return name


def _is_storable(value: Json) -> bool:
    """Whether PostgreSQL's JSON can hold a value: no NUL in texts, no numbers of endless length."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text) if "\x00" in text:
                return False
            case Decimal() as number if abs(number.adjusted()) > _LARGEST_EXPONENT:
                return False
            case list(items):
                waiting += items
            case dict(entries):
                waiting += [*entries, *entries.values()]
    return True


def _check_upload(field: FileField, upload: Upload | None, *, has_file: bool) -> None:
    if upload is None:
        if field.required and not has_file:
            raise InputProblem("field_required", Place(field=field.key), label=field.label.model_dump())
        return
    if "\x00" in upload.name or not upload.name.lower().endswith(field.suffixes):
        raise InputProblem("file_suffix_wrong", Place(field=field.key), name=upload.name, suffixes=list(field.suffixes))
    if len(upload.content) > field.max_bytes:
        raise TooLarge(
            "file_too_large", Place(field=field.key), name=upload.name, limit_mb=field.max_bytes // 1024 // 1024
        )
