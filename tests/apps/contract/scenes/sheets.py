"""Spreadsheets, uploaded and behind a link; the link leads to the server that plays answers."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import openpyxl
import pytest

from outcode.appkit import Action, FileConnection
from outcode.appkit.samples import Sample, SampleFile, SampleResponse
from outcode.runs import sheets
from outcode.values.json import Json
from outcode.workspace.connections import Upload
from tests.apps.contract.player import Player, playing
from tests.apps.contract.scenes.scene import Meet, Scene, Trouble
from tests.apps.contract.stage import Outcome

_SECRETS = ("canary-path-Zq7x", "canary-query-Zq7x", "canary-header-Zq7x")
_LINK = f"https://files.example.com/{_SECRETS[0]}/download?sig={_SECRETS[1]}"
_STATUSES = {
    401: "vendor_rejected http_status_credentials",
    403: "vendor_rejected http_status_permission",
    404: "vendor_rejected http_status_not_found",
    409: "vendor_rejected http_status_conflict",
    422: "vendor_rejected http_status_invalid",
    429: "rate_limited http_status_rate_limited",
    500: "vendor_down http_status_server",
    503: "vendor_down http_status_server",
}
_PAGE = SampleResponse(headers={"Content-Type": "text/html"}, body="<!DOCTYPE html><title>Sign in</title>")
_OLD = Upload("orders.xls.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on")
_TEXT = Upload("orders.xlsx", b"Order,Total\n1,2\n")


class SheetScene(Scene):
    """The sample's workbook, as each kind of connection has it."""

    _player: Player

    async def set_up(self) -> None:
        """Serve what links lead to, and wait for it three seconds at most."""
        self._stack = AsyncExitStack()
        self._player = await self._stack.enter_async_context(playing())
        patch = self._stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(sheets, "_LINK", sheets._LINK.model_copy(update={"timeout_seconds": 3}))

    async def clear(self) -> None:
        """End serving."""
        await self._stack.aclose()

    async def play(self, action: Action, sample: Sample) -> list[tuple[str, Outcome]]:
        """Uploaded, and behind a link."""
        assert sample.file is not None
        upload = Upload(sample.file.name, _content(sample.file))
        return [
            (kind.key, await (self._linked if self._by_link(kind) else self._uploaded)(action, sample, upload))
            for kind in self._kinds()
        ]

    def refusals(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """The link says no; the upload is gone."""
        said = " ".join(_SECRETS)
        for status, told in _STATUSES.items():
            answer = SampleResponse(status=status, body=f"the vendor says {said}")
            yield _trouble(str(status), told, partial(self._linked, action, sample, answer))
        yield _trouble("no file", "not_found file_unknown", partial(self._uploaded, action, sample, None))

    def codes(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """It is no workbook, or not with what is asked for."""
        assert sample.file is not None
        whole = Upload(sample.file.name, _content(sample.file))
        half = Upload(whole.name, whole.content[: len(whole.content) // 2])
        for name, told, upload, changed in (
            ("a text", "input sheet_not_workbook", _TEXT, {}),
            ("an old workbook", "input sheet_old_or_locked", _OLD, {}),
            ("half a workbook", "input sheet_damaged", half, {}),
            ("no such sheet", "input sheet_missing", whole, {"sheet": "nowhere"}),
            ("no such column", "input sheet_column_missing", whole, {"columns": ["nobody"]}),
        ):
            for meet in (self._uploaded, self._linked):
                yield _trouble(f"{name}, {meet.__name__}", told, partial(meet, action, sample, upload, **changed))

    def broken(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """The link hangs up, or leads to a page."""
        hung_up = partial(self._linked, action, sample, _PAGE, hangs_up=True)
        yield Trouble("hung up", "vendor_down", (), hung_up)
        yield _trouble("a page", "vendor_rejected sheet_link_page", partial(self._linked, action, sample, _PAGE))

    def silence(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """The link does not answer."""
        silent = partial(self._linked, action, sample, _PAGE, silent=True)
        yield _trouble("silent", "vendor_down http_timeout", silent)

    def connects(self) -> Iterator[tuple[str, Meet]]:
        """Each kind, with a file that can be read."""
        upload = Upload("orders.csv", b"Order,Total\n1,2\n")
        for kind in self._kinds():
            yield kind.key, partial(self._tried_link if self._by_link(kind) else self._tried_upload, upload)

    def misconnects(self) -> Iterator[Trouble]:
        """Each kind, with one that cannot."""
        yield _trouble("no workbook", "input sheet_not_workbook", partial(self._tried_upload, _TEXT))
        for status, told in _STATUSES.items():
            answer = SampleResponse(status=status, body={"error": "no"})
            yield _trouble(f"link {status}", told, partial(self._tried_link, answer))
        yield _trouble("link to a page", "vendor_rejected sheet_link_page", partial(self._tried_link, _PAGE))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Any part of a link may be one."""
        return _SECRETS

    def _kinds(self) -> list[FileConnection]:
        return [kind for kind in self.subject.app.connections if isinstance(kind, FileConnection)]

    @staticmethod
    def _by_link(kind: FileConnection) -> bool:
        return all(field.kind != "file" for field in kind.fields)

    def _kind(self, *, by_link: bool) -> str:
        return next(kind.key for kind in self._kinds() if self._by_link(kind) is by_link)

    async def _uploaded(self, action: Action, sample: Sample, upload: Upload | None, **changed: Json) -> Outcome:
        connection = await self.backstage.connected(self._kind(by_link=False), {}, upload or _TEXT)
        if upload is None:
            self.backstage.files.contents.clear()
        return await self.backstage.perform(action, {**sample.inputs, **changed}, connection)

    async def _linked(
        self,
        action: Action,
        sample: Sample,
        answer: SampleResponse | Upload,
        *,
        hangs_up: bool = False,
        silent: bool = False,
        **changed: Json,
    ) -> Outcome:
        self._answer(answer)
        self._player.hangs_up, self._player.silent = hangs_up, silent
        try:
            connection = await self.backstage.connected(self._kind(by_link=True), self._link())
            return await self.backstage.perform(action, {**sample.inputs, **changed}, connection)
        finally:
            self._player.hangs_up = self._player.silent = False

    async def _tried_upload(self, upload: Upload) -> Outcome:
        return await self.backstage.tried(self._kind(by_link=False), {}, upload)

    async def _tried_link(self, answer: SampleResponse | Upload) -> Outcome:
        self._answer(answer)
        return await self.backstage.tried(self._kind(by_link=True), self._link())

    def _link(self) -> dict[str, Any]:
        return {"url": self._player.places.local(_LINK), "headers": {"X-Token": _SECRETS[2]}}

    def _answer(self, answer: SampleResponse | Upload) -> None:
        if isinstance(answer, Upload):
            named = {"Content-Disposition": f'attachment; filename="{answer.name}"'}
            answer = SampleResponse(headers=named, base64=base64.b64encode(answer.content).decode())
        self._player.play(answer)


def _trouble(name: str, told: str, meet: Meet) -> Trouble:
    kind, code = told.split()
    return Trouble(name, kind, (code,), meet)


def _content(file: SampleFile) -> bytes:
    if not file.sheets:
        return file.text.encode()
    book = openpyxl.Workbook()
    book.remove(book["Sheet"])
    for name, rows in file.sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
