"""``outcode run --save-files``: the files that a result holds, written to a folder."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path, PurePosixPath

from outcode.cli.console import say
from outcode.cli.words import words
from outcode.values.json import Json
from outcode.values.problems import InputProblem, SetupProblem

_FILE = {"fileId", "name", "mediaType", "size"}
_UNSAFE = re.compile(r'[\\/:*?"<>|]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_LONGEST = 200


def folder_for_files(folder: Path) -> Path:
    """The folder, made where it is missing; raises InputProblem before anything runs when files cannot go there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputProblem("save_folder_unusable", folder=str(folder), reason="Permission denied")
    return folder


async def save_files(value: Json, folder: Path, content_of: Callable[[str], Awaitable[bytes]]) -> list[Path]:
    """Write each file of a result once, under its own name or a numbered one; nothing is ever overwritten.

    ``content_of`` gives the bytes of a file by its id. Raises SetupProblem when the disk refuses.
    """
    saved: list[Path] = []
    for file_id, name in dict(files_in(value)).items():
        content = await content_of(file_id)
        path = _write(folder, safe_name(name), content)
        say(words("file.saved", path=path, size=len(content)))
        saved.append(path)
    return saved


def files_in(value: Json) -> Iterator[tuple[str, str]]:
    """Id and name of every file in a value, at any depth."""
    match value:
        case {"fileId": str(file_id), "name": str(name)} if value.keys() == _FILE:
            yield file_id, name
        case dict():
            for item in value.values():
                yield from files_in(item)
        case list():
            for item in value:
                yield from files_in(item)


def safe_name(name: str) -> str:
    """A file's name without a folder and without what file systems or shells take amiss.

    >>> safe_name("../../etc/passwd"), safe_name("..."), safe_name("주문 11월.csv")
    ('_.._etc_passwd', 'file', '주문 11월.csv')
    """
    text = unicodedata.normalize("NFC", name)
    text = _UNSAFE.sub("_", "".join(sign for sign in text if sign.isprintable())).strip(" .") or "file"
    if _RESERVED.match(text):
        text = f"_{text}"
    path = PurePosixPath(text)
    suffix = path.suffix if len(path.suffix.encode()) < 20 else ""
    stem = text.removesuffix(suffix).encode()[: _LONGEST - len(suffix.encode())].decode("utf-8", "ignore")
    return stem + suffix


def _write(folder: Path, name: str, content: bytes) -> Path:
    whole, number = PurePosixPath(name), 1
    while True:
        path = folder / (name if number == 1 else f"{whole.stem} ({number}){whole.suffix}")
        try:
            stream = path.open("xb")
        except FileExistsError:
            number += 1
            continue
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            with stream:
                stream.write(content)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _unwritable(path, error) from error
        return path


def _unusable(folder: Path, error: OSError) -> InputProblem:
    return InputProblem("save_folder_unusable", folder=str(folder), reason=error.strerror or type(error).__name__)


def _unwritable(path: Path, error: OSError) -> SetupProblem:
    return SetupProblem("file_unwritable", name=str(path), reason=error.strerror or type(error).__name__)
