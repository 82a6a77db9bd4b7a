"""``GET /oauth/callback``: where a vendor's page sends the browser back to; answers a small page to read and close.

The browser comes from another site, so it does not send the session's cookie (SameSite=Strict). The first answer
therefore only opens the same address again, from our own page: then the cookie comes along.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from outcode.runs.consents import Returned
from outcode.runs.instance import Instance
from outcode.server.access import SESSION_COOKIE, CurrentInstance
from outcode.server.language import Language
from outcode.server.problems import status_of
from outcode.values.catalogue import sentence
from outcode.values.problems import AuthProblem, Problem, SetupProblem
from outcode.workspace.keys import scope_of_session

router = APIRouter(tags=["connections"])

_PATH = "/oauth/callback"
_LONGEST = 4000
_STYLE = files("outcode.server").joinpath("page.css").read_bytes()
_PAGE = """<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{more}<title>{title} · Outcode</title>
<link rel="stylesheet" href="/oauth/page.css"></head>
<body><main data-state="{state}"><p class="product">Outcode</p><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""

Parameter = Annotated[str | None, Query(max_length=_LONGEST)]


def callback_of(instance: Instance) -> str:
    """The address that vendors send browsers back to; raises SetupProblem when our own is not known."""
    if instance.settings.public_url is None:
        raise SetupProblem("public_url_missing")
    return instance.settings.public_url.rstrip("/") + _PATH


@router.get(_PATH, response_class=Response)
async def finish_consent(
    request: Request,
    instance: CurrentInstance,
    language: Language,
    state: Parameter = None,
    code: Parameter = None,
    error: Parameter = None,
    error_description: Parameter = None,
    returned: Annotated[bool, Query()] = False,
) -> Response:
    """Finish connecting an app after its vendor's page; a page for people says how it went."""
    session = request.cookies.get(SESSION_COOKIE)
    if not session and not returned:
        return _again(request, language)
    try:
        scope = await scope_of_session(instance.database, session)
        back = Returned(state or "", code, error, error_description)
        info = await instance.consents.finish(scope, back, session or "")
    except AuthProblem:
        return _failed(AuthProblem("oauth_session_missing"), language)
    except Problem as problem:
        return _failed(problem, language)
    title = sentence("oauth_connected", "message", language, {"name": info.name, "identity": info.identity or "–"})
    return _page(language, "done", title, sentence("oauth_connected", "hint", language, {}))


@router.get("/oauth/page.css", response_class=Response, include_in_schema=False)
async def page_style() -> Response:
    """How the page looks; a file of its own, because the page may hold no style."""
    return Response(_STYLE, 200, {"Cache-Control": "public, max-age=3600"}, "text/css; charset=utf-8")


def _again(request: Request, language: str) -> Response:
    address = f"{_PATH}?{urlencode([*request.query_params.multi_items(), ('returned', 'true')])}"
    more = f'<meta http-equiv="refresh" content="0;url={escape(address)}">'
    return _page(language, "returning", sentence("oauth_returning", "message", language, {}), "", more=more)


def _failed(problem: Problem, language: str) -> Response:
    return _page(language, "failed", problem.message(language), problem.hint(language), status=status_of(problem))


def _page(language: str, state: str, title: str, text: str, *, more: str = "", status: int = 200) -> Response:
    page = _PAGE.format(language=language, state=state, title=escape(title), text=escape(text), more=more)
    headers = {"Cache-Control": "no-store", "Content-Language": language, "Referrer-Policy": "no-referrer"}
    return Response(page, status, headers, "text/html; charset=utf-8")
