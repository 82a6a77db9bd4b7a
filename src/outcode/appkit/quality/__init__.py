"""How good an app is: rules in three tiers, proven by machine where that is possible, and declared where it is not.

``quality.yaml`` beside an app says of each declared rule ``done``, ``todo`` or ``exempt`` with a comment. An automatic
rule needs no word there; it may be named only to be exempted, where it does not fit the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from outcode.appkit.app import App
from outcode.appkit.quality.checks import CHECKS, Evidence
from outcode.appkit.quality.rules import RULES, TIERS, Claim, Rule, Tier

__all__ = ["CHECKS", "RULES", "TIERS", "Claim", "Evidence", "Rule", "Standing", "Tier", "read_claims", "standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an app stands: its tier (None: below bronze), what each rule still lacks, and what is claimed falsely."""

    tier: Tier | None
    lacking: tuple[tuple[Rule, str], ...]
    untrue: tuple[str, ...]

    @property
    def next_tier(self) -> Tier | None:
        """The tier above; None at the top."""
        following = TIERS[TIERS.index(self.tier) + 1 :] if self.tier else TIERS
        return following[0] if following else None

    @property
    def lacking_next(self) -> tuple[tuple[Rule, str], ...]:
        """What stands between the app and the next tier."""
        return tuple((rule, why) for rule, why in self.lacking if rule.tier == self.next_tier)


def read_claims(written: Any) -> tuple[dict[str, Claim], list[str]]:
    """The claims of a ``quality.yaml`` that has been read as plain values, and what is wrong with it.

    >>> read_claims({"choices": "done", "spelling": "done"})[1]
    ['spelling: there is no such rule']
    """
    if not isinstance(written, dict | None):
        return {}, ["quality.yaml is not an object of rules"]
    rules = {rule.key: rule for rule in RULES}
    claims: dict[str, Claim] = {}
    wrong: list[str] = []
    for key, value in (written or {}).items():
        rule = rules.get(key)
        if rule is None:
            wrong.append(f"{key}: there is no such rule")
            continue
        try:
            claim = Claim.model_validate({"status": value} if isinstance(value, str) else value)
        except ValidationError:
            wrong.append(f"{key}: says neither done, todo nor exempt with a comment")
            continue
        if claim.status == "exempt" and not rule.exemptible:
            wrong.append(f"{key}: no app is exempt from it")
        elif (claim.status == "exempt" or rule.comment_needed) and claim.status != "todo" and not claim.comment.strip():
            wrong.append(f"{key}: {claim.status} without a comment")
        else:
            claims[key] = claim
    return claims, wrong


def standing(app: App, evidence: Evidence, claims: Mapping[str, Claim]) -> Standing:
    """What an app has reached by its evidence and the claims made for it."""
    lacking: list[tuple[Rule, str]] = []
    untrue: list[str] = []
    for rule in RULES:
        claim = claims.get(rule.key)
        check = CHECKS.get(rule.key)
        why = check(app, evidence) if check else None
        if check is None:
            if claim is None or claim.status == "todo":
                lacking.append((rule, claim.comment if claim and claim.comment else rule.words.en))
        elif claim is not None and claim.status == "exempt":
            if why is None:
                untrue.append(f"{rule.key}: exempt, and yet it is so; remove the line")
        elif why is not None:
            lacking.append((rule, why))
            if claim is not None and claim.status == "done":
                untrue.append(f"{rule.key}: {why}")
    reached: Tier | None = None
    for tier in TIERS:
        if any(rule.tier == tier for rule, _ in lacking):
            break
        reached = tier
    return Standing(reached, tuple(lacking), tuple(untrue))
