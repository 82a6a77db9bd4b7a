"""Get the programs that tests use and pip cannot bring, where that is possible without asking.

On Debian as root they are installed; elsewhere nothing happens, and the tests that need them skip with their reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess

WANTED = {
    "chromium": "tests in a real browser",
    "fonts-noto-cjk": "Korean text in screenshots",
    "mariadb-server": "tests of SQL against a real MariaDB",
    "redis-server": "tests of Redis against a real one",
}


def main() -> None:
    """``python -m scripts.system_packages``; never fails."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-query") is None:
        return
    missing = [package for package in WANTED if not installed(package)]
    if not missing:
        return
    reasons = "; ".join(f"{package} for {WANTED[package]}" for package in missing)
    if os.geteuid() != 0:
        print(f"Not installed: {reasons}. To have them: sudo apt-get install {' '.join(missing)}", flush=True)
        return
    print(f"Installing {reasons}", flush=True)
    if not (apt("update") and apt("install", "-y", "--no-install-recommends", *missing)):
        print("apt-get could not install them; tests that need them are skipped", flush=True)


def installed(package: str) -> bool:
    """Whether dpkg knows the package as fully installed."""
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


def apt(*arguments: str) -> bool:
    """Run apt-get without questions; whether it succeeded."""
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(["apt-get", "-qq", *arguments], env=quiet, check=False).returncode == 0


if __name__ == "__main__":
    main()
