from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.base.handles import ImageRegistry
from components.base.naming import dns_label, is_dns_label, is_dns_name


@given(st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True))
def test_every_rfc_1123_label_is_one(text: str) -> None:
    assert is_dns_label(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a_b", "a.b", "a" * 64, "ä", "a\n"])
def test_what_is_no_label_is_refused(text: str) -> None:
    assert not is_dns_label(text)


@pytest.mark.parametrize("text", ["example", "ai..org", "ai.example.org.", "http://ai.example.org", "AI.example.org"])
def test_what_is_no_dns_name_is_refused(text: str) -> None:
    assert not is_dns_name(text)


def test_a_name_that_grows_too_long_is_an_error_that_shows_it() -> None:
    with pytest.raises(ValueError, match="at most 63 characters"):
        dns_label("a" * 60, "suffix")


def test_a_mirror_keeps_the_upstream_host_apart() -> None:
    registry = ImageRegistry(mirror="registry.example.org/mirror")
    assert registry.rewrite("quay.io/a/b:1") == "registry.example.org/mirror/quay.io/a/b:1"
    assert ImageRegistry().rewrite("quay.io/a/b:1") == "quay.io/a/b:1"
