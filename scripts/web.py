"""Build what comes from npm packages: the web page into ``src/outcode/server/static/``, and the sandbox's libraries.

Nothing is done again while the sources have not changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from scripts import libraries, node
from scripts.project import ROOT, done, fingerprint, mark_done, run

PAGE = ROOT / "src" / "outcode" / "server" / "static" / "index.html"
PACKAGE_FILES = tuple(node.WEB / name for name in ("package.json", "package-lock.json", ".npmrc"))
NOT_SOURCES = {"node_modules", "test-results", "coverage"}


def main() -> None:
    """``python -m scripts.web packages|build``."""
    install_packages()
    if sys.argv[1:] == ["build"]:
        build()
        libraries.build()


def install_packages() -> None:
    """Bring ``web/node_modules`` to the state of the lock."""
    state = f"{node.wheel().parent}\n{fingerprint(PACKAGE_FILES)}"
    if done("web-packages") == state and (node.WEB / "node_modules").is_dir():
        return
    print("Installing the web page's packages", flush=True)
    run(*node.command("npm", "ci"), cwd=node.WEB, environment=node.environment())
    mark_done("web-packages", state)


def build() -> None:
    """Build the page when a source differs from those of the last build."""
    state = fingerprint(sources())
    if done("web-build") == state and PAGE.is_file():
        return
    print("Building the web page", flush=True)
    run(*node.command("npm", "run", "build"), cwd=node.WEB, environment=node.environment())
    mark_done("web-build", state)


def sources() -> list[Path]:
    """Every file that may change what is built."""
    found: list[Path] = []
    for entry in node.WEB.iterdir():
        if entry.name not in NOT_SOURCES:
            found.extend([entry] if entry.is_file() else (file for file in entry.rglob("*") if file.is_file()))
    return found


if __name__ == "__main__":
    main()
