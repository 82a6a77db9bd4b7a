"""Show how good each app is, and fail when one is below bronze or claims what is not true."""

from __future__ import annotations

import re

from outcode.appkit.quality import read_claims
from outcode.apps.quality import standing_of
from outcode.apps.registry import all_apps
from outcode.apps.samples import claims_of, folder_of
from scripts.project import ROOT

_WIDTH = 100


def main() -> None:
    """``python -m scripts.apps_check``."""
    faults: list[str] = []
    for slug in all_apps():
        standing = standing_of(slug)
        missing = [f"{rule.key}: {why}" for rule, why in standing.lacking_next]
        print(f"{slug:<32} {standing.tier or '-':<8}", end="")
        print(f" for {standing.next_tier}:" if missing else "")
        for line in missing:
            print(f"{'':<42}{line[:_WIDTH]}")
        faults += [f"{slug}: {claim}" for claim in standing.untrue]
        if not _is_tested(slug):
            faults.append(f"{slug}: end_to_end: the comment names no file of tests")
        if standing.tier is None:
            faults.append(f"{slug}: below bronze")
    if faults:
        raise SystemExit("\n".join(["", *faults]))


def _is_tested(slug: str) -> bool:
    """Whether the file that ``end_to_end`` names is there; the tests are no part of an installation."""
    claim = read_claims(claims_of(folder_of(all_apps()[slug])))[0].get("end_to_end")
    if claim is None or claim.status != "done":
        return True
    return any((ROOT / name).is_file() for name in re.findall(r"tests/[\w/.]+\.py", claim.comment))


if __name__ == "__main__":
    main()
