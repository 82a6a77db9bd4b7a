"""Write the files that are made from the sources, or check that they are current, byte for byte.

``GENERATED`` is the one list of them, in the order in which they depend on each other.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from outcode.apps.registry import all_apps
from outcode.flows.json_schema import flow_schema
from outcode.server.app import create_app
from outcode.values import json
from outcode.values.json import Json
from scripts.app_pages import pages
from scripts.node import WEB, command, environment
from scripts.project import ROOT
from scripts.values_page import page

APP_PAGES = "docs/apps"


@dataclass(frozen=True)
class Generated:
    """A file and what makes it: a function of the folder in which the files before it in the list already stand."""

    path: str
    make: Callable[[Path], bytes]


def _flow_schema(_folder: Path) -> bytes:
    return _pretty(flow_schema(all_apps()))


def _openapi(_folder: Path) -> bytes:
    return _pretty(create_app(None).openapi())


def _client_types(folder: Path) -> bytes:
    made = folder / "schema.d.ts"
    arguments = ("openapi-typescript", str(folder / "docs/openapi.json"), "--output", str(made))
    subprocess.run(command("npx", *arguments), cwd=WEB, env=environment(), check=True, stdout=subprocess.DEVNULL)
    return made.read_bytes()


def _pretty(value: Json) -> bytes:
    """JSON that shows in a diff what has changed."""
    return msgspec.json.format(json.dump_bytes(value), indent=2) + b"\n"


def _app_pages() -> Iterator[Generated]:
    """The pages of the apps; one whose app has gone is told by :func:`left_over`."""
    for name, text in pages().items():
        yield Generated(f"{APP_PAGES}/{name}", _always(text.encode()))


def _always(made: bytes) -> Callable[[Path], bytes]:
    return lambda _folder: made


GENERATED: tuple[Generated, ...] = (
    Generated("docs/flow.schema.json", _flow_schema),
    Generated("docs/openapi.json", _openapi),
    Generated("docs/values.md", lambda _folder: page().encode()),
    *_app_pages(),
    Generated("web/src/client/schema.d.ts", _client_types),
)


def main() -> None:
    """``python -m scripts.generate [--check]``."""
    with tempfile.TemporaryDirectory() as name:
        stale = [each.path for each in GENERATED if is_stale(each, Path(name))]
        gone = left_over()
        if "--check" in sys.argv[1:]:
            if stale or gone:
                stale += gone
                raise SystemExit(f"No longer what their sources make: {', '.join(stale)}. Run `make generate`.")
            print(f"Generated files are current: {len(GENERATED)}")
            return
        for path in stale:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_bytes((Path(name) / path).read_bytes())
        for path in gone:
            (ROOT / path).unlink()
    print(f"Written: {', '.join(stale)}" if stale else f"Generated files were current: {len(GENERATED)}")


def left_over() -> list[str]:
    """Pages of apps that are no more."""
    known = {generated.path for generated in GENERATED}
    present = sorted((ROOT / APP_PAGES).glob("*.md"))
    return [path for page in present if (path := page.relative_to(ROOT).as_posix()) not in known]


def is_stale(generated: Generated, folder: Path) -> bool:
    """Make a file inside the folder and tell whether the one we have differs."""
    fresh, present = folder / generated.path, ROOT / generated.path
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_bytes(generated.make(folder))
    return not present.is_file() or present.read_bytes() != fresh.read_bytes()


if __name__ == "__main__":
    main()
