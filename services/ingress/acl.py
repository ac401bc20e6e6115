"""Which requests the `acl` claim of a caller's token allows. Pure.

The claim is `{"paths": {"/*/messages/**": {"methods": ["POST"]}}}`. In a pattern `*` stands for any part of one
segment and `**` for any number of segments, none included. A rule without `methods` allows all of them.
What can't be understood allows nothing: a restriction must not be widened by a misspelling.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

MOST_PATTERNS = 100
MOST_SEGMENTS = 32


def allows(acl: object, *, method: str, path: str) -> bool:
    """Tell whether the claim covers a request; `path` is without its query."""
    paths = acl.get("paths") if isinstance(acl, Mapping) else None
    if not isinstance(paths, Mapping) or len(paths) > MOST_PATTERNS:
        return False
    asked = _segments(path)
    return any(
        _rule_allows(rule, method) and _covers(_segments(pattern), asked)
        for pattern, rule in paths.items()
        if isinstance(pattern, str)
    )


def _rule_allows(rule: object, method: str) -> bool:
    if not isinstance(rule, Mapping) or rule.get("filters"):
        # Filters speak of members of the body that we have no rules for, so such a rule can't be said to cover it.
        return False
    methods = rule.get("methods")
    if methods is None:
        return True
    return isinstance(methods, list) and method in methods


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _covers(pattern: list[str], asked: list[str]) -> bool:
    """Compare segment by segment; `reach` holds how many asked segments may be used up so far."""
    if len(pattern) > MOST_SEGMENTS or len(asked) > MOST_SEGMENTS:
        return False
    reach = {0}
    for segment in pattern:
        if segment == "**":
            reach = set(range(min(reach), len(asked) + 1))
        else:
            reach = {used + 1 for used in reach if used < len(asked) and _one(segment, asked[used])}
        if not reach:
            return False
    return len(asked) in reach


def _one(pattern: str, segment: str) -> bool:
    # Only the star has a meaning here, so the other signs of fnmatch are taken literally.
    return fnmatchcase(segment, pattern.replace("[", "[[]").replace("?", "[?]"))
