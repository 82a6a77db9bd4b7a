"""``python -m outcode`` is the same as the console script ``outcode``."""

from outcode.cli.main import main

main()
