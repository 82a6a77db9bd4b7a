"""Pack the libraries that every user script finds as ``_`` and ``dayjs`` into one file of the package.

They come from the npm packages pinned in ``web/package-lock.json``, and the file is not in git. It holds, by the name
of the global, the body of a function that answers the library; the sandbox compiles it when a script first names it.
"""

from __future__ import annotations

from pathlib import Path

from outcode.values import json
from scripts import node
from scripts.project import ROOT

PACKED = ROOT / "src" / "outcode" / "runs" / "sandbox" / "libraries.json"
PACKAGES = node.WEB / "node_modules"
# weekOfYear, weekYear and isoWeek are what advancedFormat computes its weeks with.
PLUGINS = ("utc", "timezone", "customParseFormat", "advancedFormat", "weekOfYear", "weekYear", "isoWeek")
LOCALES = ("ko",)

LOADER = """\
const load = (run) => { const module = { exports: {} }; run(module, module.exports, () => library); return module.exports; };
"""  # noqa: E501 - one line of JavaScript


def build() -> None:
    """Write the file when it is missing or no longer what the packages make."""
    packed = json.dump_bytes({"_": lodash(), "dayjs": dayjs()})
    if not PACKED.is_file() or PACKED.read_bytes() != packed:
        print("Packing the libraries of the JavaScript sandbox", flush=True)
        PACKED.write_bytes(packed)


def lodash() -> str:
    """lodash as the body of a function."""
    package = PACKAGES / "lodash"
    return body("lodash", licence(package), f"const library = {loaded(package / 'lodash.min.js')};")


def dayjs() -> str:
    """dayjs with its plugins and locales as the body of a function."""
    package = PACKAGES / "dayjs"
    library = f"const library = {loaded(package / 'dayjs.min.js')};"
    plugins = [f"library.extend({loaded(package / 'plugin' / f'{name}.js')});" for name in PLUGINS]
    locales = [f"{loaded(package / 'locale' / f'{name}.js')};" for name in LOCALES]
    return body("dayjs", licence(package), library, *plugins, *locales)


def body(name: str, *parts: str) -> str:
    """The parts in their order, after what loads them; ``name`` is what stack traces call it."""
    first, *rest = parts
    return "\n".join([first, LOADER.strip(), *rest, "return library;", f"//# sourceURL={name}.js", ""])


def loaded(file: Path) -> str:
    """A file in the universal module format, as an expression whose value is what it exports."""
    return f"load((module, exports, require) => {{\n{file.read_text('utf-8')}\n}})"


def licence(package: Path) -> str:
    """The licence as a comment, since it must go along with every copy."""
    version = json.loads((package / "package.json").read_bytes())["version"]
    text = (package / "LICENSE").read_text("utf-8").replace("*/", "* /").strip()
    return f"/*! {package.name} {version}\n{text}\n*/"
