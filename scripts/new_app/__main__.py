"""Write the package of a new app: declaration, icon, samples, quality; then say what to do next."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from string import Template

from outcode.apps.registry import all_apps
from scripts.project import ROOT

_TEMPLATE = Path(__file__).parent / "template"
_APPS = ROOT / "src/outcode/apps"
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_USAGE = 'make new-app NAME="Acme CRM" SLUG=acme-crm CATEGORY=Productivity'
_COLORS = ("#2563eb", "#0f766e", "#b45309", "#7c3aed", "#be123c", "#15803d")


def main(arguments: list[str]) -> None:
    """``python -m scripts.new_app NAME SLUG CATEGORY``."""
    name, slug, category = (argument.strip() for argument in [*arguments, "", "", ""][:3])
    folder = _APPS / slug.replace("-", "_")
    known = sorted({app.category for app in all_apps().values()})
    if not name or not category or not _SLUG.fullmatch(slug):
        raise SystemExit(
            f"{_USAGE}\nA slug is lower case words joined by hyphens, and begins with a letter."
            f" Categories so far: {', '.join(known)}"
        )
    for taken in (folder, folder.with_suffix(".py")):
        if taken.exists():
            raise SystemExit(f"The name {slug} is taken: {taken.relative_to(ROOT)}")
    if category not in known:
        print(f"{category} is a new category; those so far: {', '.join(known)}")
    write(folder, name=name, slug=slug, category=category)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(folder)], check=True)
    print(Template((_TEMPLATE / "next.txt").read_text("utf-8")).substitute(folder=folder.relative_to(ROOT), slug=slug))


def write(folder: Path, *, name: str, slug: str, category: str) -> None:
    """The package in a folder that is not there yet."""
    color = _COLORS[sum(slug.encode()) % len(_COLORS)]
    words = {
        "name": name.replace('"', "'"),
        "slug": slug,
        "category": category,
        "color": color,
        "letter": name[0].upper(),
    }
    for source in sorted(_TEMPLATE.rglob("*")):
        if source.is_file() and source.name != "next.txt":
            target = folder / source.relative_to(_TEMPLATE).with_name(source.name.removesuffix(".template"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(source.read_text("utf-8")).substitute(words), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
