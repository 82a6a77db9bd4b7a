"""Apps are found by being there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from outcode.apps.registry import all_apps, app_entries, find_app, find_apps
from outcode.values.problems import NotFound, Unexpected

APP = """
from outcode.appkit import App, Words
APP = App(slug="{slug}", name="{name}", category="{category}", description=Words(en="x", ko="y"), actions=())
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "some_apps"
    folder.mkdir()
    (folder / "__init__.py").touch()
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "some_apps"]:
        del sys.modules[name]


def add(package: Path, name: str, text: str) -> ModuleType:
    (package / name).mkdir()
    (package / name / "__init__.py").write_text(text, "utf-8")
    return import_module("some_apps")


def test_apps_are_ordered_by_category_and_name(package: Path) -> None:
    add(package, "zoo_mail", APP.format(slug="zoo-mail", name="Zoo", category="Mail"))
    add(package, "ant", APP.format(slug="ant", name="ant", category="Mail"))
    (package / "helper.py").write_text("raise RuntimeError('a module is no app, and is not imported')", "utf-8")
    found = find_apps(add(package, "bee", APP.format(slug="bee", name="Bee", category="Data")))
    assert list(found) == ["bee", "ant", "zoo-mail"]
    assert [app.name for app in found.values()] == ["Bee", "ant", "Zoo"]


@pytest.mark.parametrize("text", ["", "APP = 5", APP.format(slug="other", name="Other", category="Mail")])
def test_a_package_that_declares_no_app_of_its_name_is_refused(package: Path, text: str) -> None:
    with pytest.raises(Unexpected) as caught:
        find_apps(add(package, "bee", text))
    assert caught.value.code == "app_not_declared"
    assert "bee" in caught.value.message()


def test_the_apps_of_this_installation() -> None:
    apps = all_apps()
    assert apps is all_apps()
    assert all(slug == app.slug for slug, app in apps.items())
    assert [app.category for app in apps.values()] == sorted(app.category for app in apps.values())
    assert find_app("table") is apps["table"]
    with pytest.raises(TypeError):
        apps["mine"] = apps["table"]  # type: ignore[index]  # what is refused is the point


def test_the_listing_holds_every_action() -> None:
    entries = {entry["slug"]: entry for entry in app_entries()}
    assert list(entries) == list(all_apps())
    assert entries["table"]["category"] == "Built-in"
    assert {"key": "write_csv", "name": "Write .csv file", "kind": "action"} in entries["table"]["actions"]


def test_an_unknown_app_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        find_app("Tabel")
    assert caught.value.details["known"] == ["table"]
    assert caught.value.hint() == "Did you mean: table?"
