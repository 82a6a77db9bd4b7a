"""In which language a request wants to be answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from outcode.values.catalogue import DEFAULT_LANGUAGE, LANGUAGES


def language_of(request: Request) -> str:
    """The first language of ``Accept-Language`` that we speak.

    Weights are not read: browsers list languages in order of preference.
    """
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return DEFAULT_LANGUAGE


async def _language(request: Request) -> str:
    # A coroutine, because FastAPI gives a plain function a thread for each request.
    return language_of(request)


Language = Annotated[str, Depends(_language)]
