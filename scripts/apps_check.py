"""Show how good each app is, and fail when one is below bronze or claims what is not true."""

from __future__ import annotations

from outcode.apps.quality import standing_of
from outcode.apps.registry import all_apps

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
        if standing.tier is None:
            faults.append(f"{slug}: below bronze")
    if faults:
        raise SystemExit("\n".join(["", *faults]))


if __name__ == "__main__":
    main()
