"""What `make run` installs is enough to run: nothing is used that only the tests' lock brings."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]

IMPORT_EVERYTHING = """
import importlib, pkgutil, sys

hidden = set(sys.argv[1:])


class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"{name} is not in requirements.lock", name=name)


sys.meta_path.insert(0, Hide())
import outcode

for module in pkgutil.walk_packages(outcode.__path__, "outcode."):
    if not module.name.endswith((".__main__", ".migrations.env")) and ".versions." not in module.name:
        importlib.import_module(module.name)
"""


def locked(file: str) -> set[str]:
    """The distributions of a lock, in the canonical spelling of their names."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def test_every_module_imports_with_the_runtime_lock_alone() -> None:
    only_for_tests = locked("requirements-dev.lock") - locked("requirements.lock")
    assert "pytest" in only_for_tests
    hidden = [
        module
        for module, distributions in packages_distributions().items()
        if {re.sub(r"[-_.]+", "-", name).lower() for name in distributions} <= only_for_tests
    ]
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING, *hidden],
        cwd=ROOT / "src",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
