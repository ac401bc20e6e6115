"""The `acl` claim: what it covers, and that what can't be understood covers nothing."""

import pytest

from services.ingress.acl import allows

COVERED = [
    ("/*/messages/**", "/v1/messages"),
    ("/*/messages/**", "/v1/messages/"),
    ("/*/messages/**", "/v0.1/messages/ping"),
    ("/v1/**", "/v1/workflows/6a0f7c1e/timeline"),
    ("/**", "/beta/workflows"),
    ("/v*/dispatch", "/v0.1/dispatch"),
    ("/**/timeline", "/v1/workflows/x/timeline"),
]
NOT_COVERED = [
    ("/*/messages/**", "/v1/workflows"),
    ("/*/messages", "/v1/messages/x"),
    ("/*/messages/*", "/v1/messages"),
    ("/v1/**", "/v0.1/messages"),
    ("/v[01]/**", "/v1/messages"),
    ("/v?/**", "/v1/messages"),
    ("/" + "/".join(["**"] * 40), "/v1/messages"),
]


@pytest.mark.parametrize(("pattern", "path"), COVERED)
def test_a_pattern_covers(pattern: str, path: str) -> None:
    assert allows({"paths": {pattern: {}}}, method="POST", path=path)


@pytest.mark.parametrize(("pattern", "path"), NOT_COVERED)
def test_a_pattern_does_not_cover(pattern: str, path: str) -> None:
    assert not allows({"paths": {pattern: {}}}, method="POST", path=path)


def test_only_the_named_methods_are_allowed() -> None:
    claim = {"paths": {"/**": {"methods": ["POST"]}}}

    assert allows(claim, method="POST", path="/v1/messages")
    assert not allows(claim, method="DELETE", path="/v1/messages/x")


@pytest.mark.parametrize(
    "claim",
    [
        None,
        [],
        "all",
        {},
        {"paths": None},
        {"paths": {}},
        {"paths": {"/**": None}},
        {"paths": {"/**": {"methods": "POST"}}},
        {"paths": {"/**": {"methods": []}}},
        {"paths": {"/**": {"filters": {"to": "447700900000"}}}},
        {"paths": {f"/{number}/**": {} for number in range(101)} | {"/**": {}}},
    ],
)
def test_a_claim_that_is_not_understood_allows_nothing(claim: object) -> None:
    assert not allows(claim, method="POST", path="/v1/messages")
