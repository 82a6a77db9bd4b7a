"""Writes ``docs/apps/``: a page for each app and a list of them, from the declarations, in English and Korean.

Each page is first whole in English and then whole in Korean, so that nobody reads across a language they do not speak.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from outcode.appkit import Action, App, Field, OutputField, Trigger, Words
from outcode.appkit.connections import ConnectionKind
from outcode.appkit.fields import ChoiceField, MultiSelectField, NumberField, SelectField
from outcode.appkit.quality import RULES, TIERS, Tier
from outcode.apps.quality import standing_of
from outcode.apps.registry import all_apps
from outcode.values import json
from scripts.app_page_words import FIELD_KINDS, FRAME, OUTPUT_TYPES

Language = Literal["en", "ko"]
LANGUAGES: tuple[Language, ...] = ("en", "ko")


def pages() -> dict[str, str]:
    """Every page by its path below ``docs/apps/``."""
    found = {f"{slug}.md": app_page(app, standing_of(slug).tier) for slug, app in all_apps().items()}
    return found | {"README.md": index(list(all_apps().values()))}


def index(apps: list[App]) -> str:
    """The list of all apps, and what the tiers mean."""
    rows = [
        (
            app.category,
            f"[{app.name}]({app.slug}.md)",
            standing_of(app.slug).tier or "–",
            app.description.en,
            ", ".join(each.name for each in _offered(app)),
        )
        for app in apps
    ]
    lines = ["# Apps", "", "This folder is made from the code by `make generate`.", ""]
    lines += _table(("Category", "App", "Tier", "What it does", "Actions and triggers"), rows)
    lines += ["", "## What the tiers mean", ""]
    lines += ["A tier holds when all of its rules and those of the tiers below do; `make apps-check` works it out.", ""]
    lines += _table(("Tier", "Rule", "Demand"), [(rule.tier, f"`{rule.key}`", rule.words.en) for rule in RULES])
    return "\n".join(lines) + "\n"


def app_page(app: App, tier: Tier | None) -> str:
    """One app's page in both languages."""
    parts = [f"# {app.name}", "", "[English](#english) · [한국어](#한국어)"]
    for language, title in zip(LANGUAGES, ("English", "한국어"), strict=True):
        parts += ["", f"## {title}", "", *_app(app, tier, language)]
    return "\n".join(parts) + "\n"


def _app(app: App, tier: Tier | None, language: Language) -> Iterator[str]:
    said = {key: getattr(words, language) for key, words in FRAME.items()}
    yield _in(app.description, language)
    yield ""
    yield f"{said['category']}: {app.category} · `{app.slug}` · {said['tier']}: {_tier(tier)}"
    if app.connections:
        yield f"\n### {said['connect']}\n"
        yield said["required"] if app.connection_required else said["optional"]
        for kind in app.connections:
            yield from _kind(kind, said, language)
    for action in app.actions:
        yield from _offer(action, action.name, said, language)
    for trigger in app.triggers:
        yield from _offer(trigger, f"{trigger.name} ({said['trigger']})", said, language)
    if app.limits:
        yield f"\n### {said['limits']}\n"
        rows = [(f"{each.calls:,}", f"{each.seconds:,}", each.source, each.checked.isoformat()) for each in app.limits]
        yield from _table((said["calls"], said["seconds"], said["source"], said["checked"]), rows)
    yield f"\n### {said['troubleshooting']}\n"
    yield from _troubles(app, said, language)


def _kind(kind: ConnectionKind, said: dict[str, str], language: Language) -> Iterator[str]:
    yield f"\n#### {_in(kind.label, language)}\n"
    for number, step in enumerate(kind.steps, 1):
        yield f"{number}. {_in(step, language)}"
    if kind.link is not None:
        yield ("\n" if kind.steps else "") + f"{said['vendor_page']}: {kind.link}"
    if kind.fields:
        yield ("\n" if kind.steps or kind.link else "") + "\n".join(_fields(kind.fields, said, language))


def _offer(offer: Action | Trigger, title: str, said: dict[str, str], language: Language) -> Iterator[str]:
    yield f"\n### {title}\n"
    yield f"`{offer.key}`. {_in(offer.description, language)}"
    if isinstance(offer, Action):
        repeats = {True: "repeat_yes", False: "repeat_no", "by_inputs": "repeat_depends"}[offer.idempotent]
        yield f"\n{said[repeats]}"
        if offer.batch is not None:
            yield f"\n{said['batch'].format(maximum=offer.batch.maximum)}"
        if offer.link is not None:
            yield f"\n{said['vendor_page']}: {offer.link}"
    if offer.fields:
        yield ""
        yield from _fields(offer.fields, said, language)
    for title_key, outputs in (("result", offer.outputs.fields), ("around", offer.outputs.meta)):
        if outputs:
            yield f"\n{said['rows'] if title_key == 'result' and offer.outputs.rows else said[title_key]}\n"
            yield from _outputs(outputs, said, language)
    if offer.outputs.open:
        yield f"\n{said['open']}"


def _fields(fields: tuple[Field, ...], said: dict[str, str], language: Language) -> Iterator[str]:
    rows = []
    for field in fields:
        notes = [_in(field.help, language) if field.help is not None else ""]
        match field:
            case SelectField() | MultiSelectField():
                notes.append(", ".join(f"`{option.value}`" for option in field.options))
            case NumberField() if field.minimum is not None or field.maximum is not None:
                notes.append(f"{'' if field.minimum is None else field.minimum}–{field.maximum or ''}")
            case ChoiceField():
                notes.append(said["choice"])
        if field.default is not None:
            notes.append(f"{said['default']}: `{json.dumps(field.default)}`")
        if field.sensitive:
            notes.append(said["secret"])
        kind = _in(FIELD_KINDS[field.kind], language)
        name = f"{_in(field.label, language)} (`{field.key}`)"
        rows.append((name, kind, said["yes"] if field.required else "", " ".join(filter(None, notes))))
    yield from _table((said["field"], said["type"], said["is_required"], said["notes"]), rows)


def _outputs(outputs: tuple[OutputField, ...], said: dict[str, str], language: Language) -> Iterator[str]:
    rows = [(f"`{each.path}`", _in(OUTPUT_TYPES[each.type], language), _in(each.label, language)) for each in outputs]
    yield from _table((said["path"], said["type"], said["what"]), rows)


def _troubles(app: App, said: dict[str, str], language: Language) -> Iterator[str]:
    for question, answer in app.troubleshooting:
        yield f"- **{_in(question, language)}** {_in(answer, language)}"
    for code, meaning in app.errors.codes.items():
        yield f"- `{code}`: {said[f'means_{meaning}']}"
    yield f"- {said['problems']}"


def _offered(app: App) -> list[Action | Trigger]:
    return [*app.actions, *app.triggers]


def _tier(tier: Tier | None) -> str:
    return tier if tier in TIERS and tier is not None else "–"


def _in(words: Words, language: Language) -> str:
    return words.en if language == "en" else words.ko


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
