"""Reads what stands beside an app's declaration: samples, icon, and what is claimed of its quality."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from pydantic import ValidationError

from outcode.appkit import App
from outcode.appkit.samples import Sample
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import Unexpected

_JSON = ".json"


def folder_of(app: App) -> Traversable:
    """The package of an app of this installation."""
    return files("outcode.apps").joinpath(app.slug.replace("-", "_"))


def samples_of(folder: Traversable) -> dict[str, Sample]:
    """All samples of an app's folder by name, in alphabetical order.

    Raises Unexpected ``sample_unreadable`` naming the file and what is wrong with it.
    """
    beside = folder.joinpath("samples")
    if not beside.is_dir():
        return {}
    found = sorted((entry for entry in beside.iterdir() if entry.name.endswith(_JSON)), key=lambda entry: entry.name)
    return {entry.name.removesuffix(_JSON): _sample(entry) for entry in found}


def icon_of(folder: Traversable) -> str | None:
    """The text of the icon, or None."""
    icon = folder.joinpath("icon.svg")
    return icon.read_text("utf-8") if icon.is_file() else None


def claims_of(folder: Traversable) -> Json:
    """What ``quality.yaml`` says, as plain values; None without one. Raises Unexpected ``quality_unreadable``."""
    import yaml  # noqa: PLC0415 - a server may never be asked

    claims = folder.joinpath("quality.yaml")
    if not claims.is_file():
        return None
    try:
        return yaml.safe_load(claims.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise Unexpected("quality_unreadable", app=folder.name, reason=str(error).splitlines()[0]) from error


def _sample(entry: Traversable) -> Sample:
    try:
        return Sample.model_validate(json.loads(entry.read_bytes()))
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise Unexpected("sample_unreadable", file=entry.name, reason=reason) from error
