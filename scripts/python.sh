#!/bin/sh
# Runs a Python that Outcode can live in: `sh scripts/python.sh -m scripts.install`.
# Bounded above because the locked packages have no wheels for later ones yet.
set -eu
for name in python3 python3.14 python3.13 python3.12 python3.11; do
  found=$(command -v "$name") || continue
  if "$found" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1; then
    exec "$found" "$@"
  fi
done
echo "Outcode needs Python 3.11, 3.12, 3.13 or 3.14, and none is on the PATH." >&2
echo "Debian, Ubuntu: apt-get install python3 python3-venv.  macOS: brew install python@3.13, or python.org." >&2
exit 1
