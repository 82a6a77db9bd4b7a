"""What ``make new-app`` writes passes everything that an app is held to, before anyone has touched it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from outcode.appkit import App
from outcode.apps.quality import standing_in
from outcode.apps.samples import samples_of
from scripts.app_pages import app_page
from scripts.new_app.__main__ import main, write
from tests.apps.contract.checks import CHECKS
from tests.apps.contract.subjects import Subject


@pytest.fixture
def made(tmp_path: Path) -> Callable[[], App]:
    def make() -> App:
        folder = tmp_path / "acme_crm"
        write(folder, name="Acme CRM", slug="acme-crm", category="Productivity")
        spec = spec_from_file_location("acme_crm", folder / "__init__.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        app = module.APP
        assert isinstance(app, App)
        return app

    return make


async def test_it_keeps_the_whole_contract(made: Callable[[], App], tmp_path: Path) -> None:
    subject = Subject(made(), samples_of(tmp_path / "acme_crm"))
    assert {name: found for name, check in CHECKS.items() if (found := await check(subject))} == {}


def test_it_is_bronze_and_formatted_and_has_a_page(made: Callable[[], App], tmp_path: Path) -> None:
    app = made()
    standing = standing_in(app, tmp_path / "acme_crm")
    assert (standing.tier, standing.untrue) == ("bronze", ())
    page = app_page(app, standing.tier)
    assert "### List Items" in page
    assert "서비스의 안내 문서" in page
    command = [sys.executable, "-m", "ruff", "check", "--quiet", str(tmp_path)]
    assert subprocess.run(command, check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["", "acme", "Mail"], "NAME="),
        (["Acme", "Acme_CRM", "Mail"], "NAME="),
        (["Acme", "acme", ""], "NAME="),
        (["Table", "table", "Built-in"], "The name table is taken"),
        (["Quality", "quality", "Productivity"], "The name quality is taken"),
    ],
)
def test_what_it_cannot_make_it_says(arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert said in str(caught.value)
