"""Which signs a locale writes numbers with: before the decimals, and between groups of three digits."""

from __future__ import annotations

_POINT = (".", ",")
_COMMA = (",", ".")
_SPACE = (",", " ")
_POINT_LANGUAGES = "ar bn cy en fa fil ga gu he hi ja kn ko ml mr ms mt pa sw ta te th ur zh"
_COMMA_LANGUAGES = "az bs ca da de el es eu fo gl hr id is it kl lb mk nl pt ro sl sr tr vi"
_SPACE_LANGUAGES = "be bg cs et fi fr hu hy ka kk ky lt lv nb nn no pl ru sk sq sv uk uz"
_BY_LANGUAGE: dict[str, tuple[str, str]] = {
    language: signs
    for languages, signs in ((_POINT_LANGUAGES, _POINT), (_COMMA_LANGUAGES, _COMMA), (_SPACE_LANGUAGES, _SPACE))
    for language in languages.split()
}
_POINT_LOCALES = "es-DO es-GT es-HN es-MX es-NI es-PA es-PE es-PR es-SV es-US"
_BY_LOCALE: dict[str, tuple[str, str]] = {
    "de-CH": (".", "'"),
    "de-LI": (".", "'"),
    "it-CH": (".", "'"),
    "en-ZA": _SPACE,
    "fr-CA": _SPACE,
    "pt-PT": _SPACE,
    **dict.fromkeys(_POINT_LOCALES.split(), _POINT),
}


def separators(locale: str) -> tuple[str, str] | None:
    """The decimal and the group sign of a locale such as ``de-DE`` or ``ko``; None for an unknown language.

    The group sign `` `` stands for every kind of space.

    >>> separators("de-DE"), separators("de_CH"), separators("xx")
    ((',', '.'), ('.', "'"), None)
    """
    language, _, region = locale.replace("_", "-").partition("-")
    exact = _BY_LOCALE.get(f"{language.lower()}-{region.upper()}")
    return exact or _BY_LANGUAGE.get(language.lower())
