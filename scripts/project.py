"""Where things stand, and the two habits all scripts share: run a program, remember what was done."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"


def run(*command: str | Path, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> None:
    """Run a program and end this one with its exit code when it fails; what went wrong it has said itself."""
    finished = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, check=False)
    if finished.returncode != 0:
        raise SystemExit(finished.returncode)


def fingerprint(files: Iterable[Path]) -> str:
    """One hash over names and contents, in a stable order.

    >>> fingerprint([]) == fingerprint([])
    True
    """
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(ROOT).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def done(name: str) -> str:
    """What :func:`mark_done` was last told under this name, or an empty string."""
    stamp = STAMPS / name
    return stamp.read_text("utf-8") if stamp.is_file() else ""


def mark_done(name: str, value: str) -> None:
    """Remember that a step was carried out for this state of its sources."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(value, "utf-8")
