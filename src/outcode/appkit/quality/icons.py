"""An icon is shown inside our own page, so it may draw and nothing else."""

from __future__ import annotations

from xml.etree import ElementTree

LARGEST = 8 * 1024
_SVG = "{http://www.w3.org/2000/svg}"
_DRAWING = {
    "circle", "clipPath", "defs", "desc", "ellipse", "g", "line", "linearGradient", "mask", "path", "polygon",
    "polyline", "radialGradient", "rect", "stop", "svg", "text", "title", "tspan", "use",
}  # fmt: skip


def icon_finding(text: str) -> str | None:
    """Why a text is no icon that may be shown, or None.

    >>> icon_finding('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script/></svg>')
    'icon.svg holds <script>'
    """
    if len(text.encode()) > LARGEST:
        return f"icon.svg is larger than {LARGEST // 1024} KB"
    if "<!" in text.replace("<!--", "") or "<?xml-stylesheet" in text:
        return "icon.svg has a document type or a style sheet"
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - entities need a document type, which was refused above
    except ElementTree.ParseError:
        return "icon.svg is not well-formed"
    if root.tag != f"{_SVG}svg" or "viewBox" not in root.attrib:
        return "icon.svg is not an SVG drawing with a viewBox"
    for element in root.iter():
        name = str(element.tag).removeprefix(_SVG)
        if name not in _DRAWING:
            return f"icon.svg holds <{name}>"
        for key, value in element.attrib.items():
            attribute = key.rpartition("}")[2].lower()
            if attribute.startswith("on"):
                return f"icon.svg has a handler {attribute}"
            outside = attribute in {"href", "src"} and not value.startswith("#")
            if outside or "url(" in value.replace("url(#", "") or "javascript:" in value.lower():
                return f"icon.svg refers to something outside of it in {attribute}"
    return None
