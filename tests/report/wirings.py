"""Wirings for tests of the picture."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMESPACES = [f"namespace-{letter}" for letter in "abcdefghijklmn"]
ADDRESSES = [f"{namespace}/{name}" for namespace in NAMESPACES for name in ("server", "worker")]
OUTSIDE = ["external/clients", "external/internet"]


def edge(source: str, target: str, port: int = 80, **more: Any) -> dict[str, Any]:
    return {"from": source, "to": target, "port": port, **more}


def _edges() -> st.SearchStrategy[dict[str, Any]]:
    ends = st.sampled_from(ADDRESSES)
    return st.one_of(
        st.builds(edge, ends, ends, st.integers(1, 65535)),
        st.builds(edge, st.sampled_from(OUTSIDE), ends),
        st.builds(edge, ends, st.sampled_from(OUTSIDE)),
    )


WIRINGS = st.lists(_edges(), min_size=1, max_size=70)
