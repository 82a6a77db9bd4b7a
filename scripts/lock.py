"""Write ``requirements.lock`` and ``requirements-dev.lock`` from ``pyproject.toml``, or check that they fit it.

Pins that still fit are kept, so a lock changes only when ``pyproject.toml`` does. uv resolves, because one lock then
serves every platform and Python; as it does not read pip's settings, those that say how the registry is reached are
handed over in its environment, never in a file: no lock names a registry. Extra indexes and folders of wheels are not
handed over: they often hold a package for one platform only, and the lock would then lack the hashes of all others.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.project import PYTHON, ROOT, VENV

LOCKS = {
    "requirements.lock": ("--group", "build"),
    "requirements-dev.lock": ("--group", "build", "--group", "dev"),
}
OPTIONS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-annotate"),
    *("--custom-compile-command", "make lock", "--quiet"),
)
SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
}
UNREACHABLE = re.compile(r"Failed to fetch|error sending request|Request failed after|Could not connect|timed out")


class RegistryUnreachableError(Exception):
    """The package registry did not answer."""


def main() -> None:
    """``python -m scripts.lock [--check]``."""
    checking = "--check" in sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            stale = [lock for lock in LOCKS if is_stale(lock, folder)]
        except RegistryUnreachableError as error:
            if not checking:
                raise SystemExit(
                    f"The locks were left as they are, the package registry does not answer: {error}"
                ) from error
            print(f"SKIPPED: are the locks current? The package registry does not answer: {error}")
            return
        if checking and stale:
            raise SystemExit(f"{', '.join(stale)} no longer fit pyproject.toml: run `make lock`.")
        for lock in stale:
            shutil.copyfile(folder / lock, ROOT / lock)
    print("The locks are current." if not stale else f"Written: {', '.join(stale)}")


def is_stale(lock: str, folder: Path) -> bool:
    """Compile a lock into the folder, beginning with the pins it has, and tell whether it came out differently."""
    present, fresh = ROOT / lock, folder / lock
    if present.exists():
        shutil.copyfile(present, fresh)
    shared = folder / "requirements.lock"
    pins = ("--constraint", str(shared)) if fresh != shared else ()
    command = [
        str(VENV / "bin" / "uv"),
        "pip",
        "compile",
        *OPTIONS,
        *pins,
        *LOCKS[lock],
        "pyproject.toml",
        "-o",
        str(fresh),
    ]
    finished = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        if UNREACHABLE.search(finished.stderr):
            raise RegistryUnreachableError(finished.stderr.strip().splitlines()[-1].strip())
        raise SystemExit(finished.stderr)
    return not present.exists() or present.read_bytes() != fresh.read_bytes()


def environment() -> dict[str, str]:
    """Our environment with pip's settings under uv's names; what is set for uv already wins."""
    translated = {SETTINGS[key]: value for key, value in pip_settings().items() if key in SETTINGS}
    return translated | os.environ


def pip_settings() -> dict[str, str]:
    """pip's settings from its files and environment, the strongest last: ``{"cert": "/etc/ssl/ca.pem", ...}``."""
    listed = subprocess.run([str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    sections: dict[str, dict[str, str]] = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        sections.setdefault(section, {})[key] = str(ast.literal_eval(value))
    return sections.get("global", {}) | sections.get("install", {}) | sections.get(":env:", {})


if __name__ == "__main__":
    main()
