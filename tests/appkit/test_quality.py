"""Tiers are reached rule by rule, and nothing is claimed that is not so."""

from __future__ import annotations

from typing import Any

import pytest

from outcode.appkit import Words
from outcode.appkit.quality import CHECKS, RULES, TIERS, Evidence, read_claims, standing
from outcode.appkit.quality.icons import icon_finding
from outcode.appkit.samples import Sample
from tests.appkit.hostile.good import GOOD, KIND, app, create_contact, list_contacts, samples

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{}</svg>'
ICON = SVG.format('<path d="M1 1"/>')
REFUSED = Sample.model_validate(
    {**samples()["list_contacts"].model_dump(exclude={"result"}), "problem": {"kind": "rate_limited", "code": "x"}}
)
DECLARED = {"repeats": "done", "choices": "done", "batch": "done"}
SILVER = GOOD.app.model_copy(update={"troubleshooting": ((Words(en="Why?", ko="왜?"), Words(en="So.", ko="그래서.")),)})
GOLD = {"limitations": {"status": "done", "comment": "None."}, "language": "done"} | {
    "end_to_end": {"status": "done", "comment": "tests/e2e/test_acme.py"},
}


def tier(declared: Any = None, claims: Any = None, **evidence: Any) -> str | None:
    given = {"samples": GOOD.samples, "icon": ICON} | evidence
    read, wrong = read_claims(DECLARED if claims is None else claims)
    assert wrong == []
    return standing(declared or GOOD.app, Evidence(**given), read).tier


def test_rules_are_about_twenty_and_most_are_proven() -> None:
    keys = [rule.key for rule in RULES]
    assert len(keys) == len(set(keys)) == 23
    assert set(CHECKS) < set(keys)
    assert len(CHECKS) == 17
    assert [rule.tier for rule in RULES] == sorted((rule.tier for rule in RULES), key=TIERS.index)
    assert all(rule.words.en != rule.words.ko for rule in RULES)


def test_each_tier_is_reached() -> None:
    shown = {**GOOD.samples, "list_contacts.too_many": REFUSED}
    live = {name: sample.model_copy(update={"source": "live"}) for name, sample in shown.items()}
    assert tier(claims={}) is None
    assert tier() == "bronze"
    assert tier(SILVER, samples=shown) == "silver"
    assert tier(SILVER, DECLARED | GOLD, samples=live) == "gold"
    assert tier(SILVER, DECLARED | GOLD, samples=live, icon=None) is None


@pytest.mark.parametrize(
    ("lacks", "changes"),
    [
        ("form", {"declared": app(name=" ")}),
        ("samples", {"samples": {}}),
        ("icon", {"icon": None}),
        ("steps", {"declared": app(connections=(KIND.model_copy(update={"steps": ()}),))}),
        ("connection_test", {"declared": app(test=None)}),
        ("errors", {"declared": app(errors=app().errors.model_copy(update={"message": ()}))}),
        ("sources", {"declared": app(list_contacts(link=None))}),
        (
            "outputs",
            {"declared": app(list_contacts(outputs=list_contacts().outputs.model_copy(update={"fields": ()})))},
        ),
        ("paging", {"declared": app(list_contacts(call=create_contact().call.model_copy(update={"method": "GET"})))}),
        ("limits", {"declared": app(limits=())}),
        ("identity", {"declared": app(test=app().test.model_copy(update={"identity": None}))}),  # type: ignore[union-attr]  # it has one
        ("error_samples", {}),
        ("rate_limit_sample", {}),
        ("troubleshooting", {}),
        ("live", {}),
        ("trigger", {"declared": app()}),
    ],
)
def test_each_rule_can_be_lacking(lacks: str, changes: dict[str, Any]) -> None:
    given: dict[str, Any] = {"declared": GOOD.app, "samples": GOOD.samples, "icon": ICON} | changes
    found = standing(given.pop("declared"), Evidence(**given), read_claims(DECLARED)[0])
    assert lacks in {rule.key for rule, _ in found.lacking}


def test_claims_that_are_not_so_are_told() -> None:
    claims, _ = read_claims(DECLARED | {"trigger": "done", "limits": {"status": "exempt", "comment": "None stated."}})
    found = standing(app(), Evidence(GOOD.samples, ICON), claims)
    assert found.untrue == (
        "limits: exempt, and yet it is so; remove the line",
        "trigger: no event starts a flow",
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (["done"], "quality.yaml is not an object of rules"),
        ({"spelling": "done"}, "spelling: there is no such rule"),
        ({"choices": "perhaps"}, "choices: says neither done, todo nor exempt with a comment"),
        ({"choices": "exempt"}, "choices: exempt without a comment"),
        ({"limitations": "done"}, "limitations: done without a comment"),
        ({"samples": {"status": "exempt", "comment": "No."}}, "samples: no app is exempt from it"),
    ],
)
def test_claims_are_written_as_claims(written: Any, said: str) -> None:
    assert read_claims(written) == ({}, [said])


@pytest.mark.parametrize(
    ("icon", "said"),
    [
        (SVG.format("<script/>"), "holds <script>"),
        (SVG.format('<image href="https://x.example/i.png"/>'), "holds <image>"),
        (SVG.format('<use href="https://x.example/i.svg#a"/>'), "outside of it in href"),
        (SVG.format('<path fill="url(https://x.example/f)"/>'), "outside of it in fill"),
        (SVG.format('<path onclick="a()"/>'), "a handler onclick"),
        (SVG.format('<path d="' + "M" * 9000 + '"/>'), "larger than 8 KB"),
        ("<!DOCTYPE svg [<!ENTITY a 'b'>]>" + SVG, "a document type"),
        ("<svg", "not well-formed"),
        ("<svg viewBox='0 0 1 1'/>", "not an SVG drawing"),
    ],
)
def test_an_icon_only_draws(icon: str, said: str) -> None:
    assert said in str(icon_finding(icon))


def test_a_drawing_with_inner_references_is_an_icon() -> None:
    gradient = '<defs><linearGradient id="a"/></defs><!-- ours --><path fill="url(#a)"/><use href="#a"/>'
    assert icon_finding(SVG.format(gradient)) is None
