"""Files that runs wrote, for download; addressed by id, inside the team only."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Response

from outcode.server.access import CurrentInstance, CurrentScope, TeamRoute
from outcode.server.paging import Id
from outcode.values.problems import NotFound

router = APIRouter(prefix="/files", tags=["files"], route_class=TeamRoute)


@router.get("/{id}", response_class=Response)
async def download(instance: CurrentInstance, scope: CurrentScope, file_id: Id) -> Response:
    """The file's bytes, always as an attachment: a browser never shows what a run wrote as a page of ours.

    What was uploaded into a connection belongs to its credentials and is never given out.
    """
    file = await instance.files.find(scope, file_id)
    if file.sealed:
        raise NotFound("file_unknown")
    content = await instance.files.content(scope, file_id)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=file.media_type, headers=headers)
