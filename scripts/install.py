"""Create ``.venv`` and install the locked packages and Outcode itself, as far as that does not stand already.

Runs on the machine's Python with its standard library alone. Every package is a wheel checked against the lock's
hashes, and Outcode is built with the locked build tool, so that nothing unlisted is ever run.
"""

from __future__ import annotations

import os
import shutil
import sys

from scripts.project import PYTHON, ROOT, VENV, done, fingerprint, mark_done, run

RUNTIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"


def main() -> None:
    """``python -m scripts.install [--dev]``."""
    kind = "dev" if "--dev" in sys.argv[1:] else "runtime"
    state = f"{ROOT}\n{fingerprint([RUNTIME_LOCK, DEV_LOCK, ROOT / 'pyproject.toml'])}\n"
    before = done("installed")
    if not PYTHON.exists() or before not in {state + kind, state + "dev"}:
        moved = before != "" and not before.startswith(f"{ROOT}\n")
        if not PYTHON.exists() or moved:
            create_environment()
        kind = "dev" if before.endswith("\ndev") and not moved else kind
        install(kind)
        mark_done("installed", state + kind)
    # As pip does for every package, but for one that is installed in place: else a start may take a fifth longer.
    run(PYTHON, "-m", "compileall", "-q", ROOT / "src")


def create_environment() -> None:
    """Make ``.venv`` anew; its scripts hold absolute paths, so one that was moved is of no use."""
    ensure_venv_module()
    print(f"Creating .venv with Python {sys.version.split()[0]} ({sys.executable})", flush=True)
    run(sys.executable, "-m", "venv", "--clear", VENV)


def ensure_venv_module() -> None:
    """Debian keeps a part of the standard library in a package of its own; get it as root, else say how."""
    if has_ensurepip():
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get") and sys.executable.startswith("/usr/bin/"):
        print(f"Installing {package}, which Python needs to create .venv", flush=True)
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-qq", "-y", "--no-install-recommends", package)
        return
    raise SystemExit(
        f"{sys.executable} cannot create virtual environments: its module ensurepip is missing.\n"
        f"On Debian or Ubuntu run: sudo apt-get install {package}\nElsewhere install Python from python.org."
    )


def has_ensurepip() -> bool:
    """Whether this Python brings pip along, which a new environment starts with."""
    try:
        from ensurepip import version  # noqa: PLC0415 - its absence is the question
    except ImportError:
        return False
    return bool(version())


def install(kind: str) -> None:
    """Install the lock of this kind, then Outcode in place."""
    lock = DEV_LOCK if kind == "dev" else RUNTIME_LOCK
    count = sum(1 for line in lock.read_text("utf-8").splitlines() if "==" in line and not line.startswith((" ", "#")))
    print(f"Installing {count} packages from {lock.name}; the first time this takes a minute or two", flush=True)
    pip = (PYTHON, "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "--only-binary", ":all:", "-r", lock)
    run(*pip, "--no-deps", "--no-build-isolation", "-e", ROOT)


if __name__ == "__main__":
    main()
