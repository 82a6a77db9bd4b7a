"""The language of values: references, JSON with exact numbers, problems and their words. Knows nothing of ours."""
