from __future__ import annotations

import stat
from pathlib import Path

from tools.deploy.random_seed import seeded_source


def test_the_seed_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    seeded_source(tmp_path / "state" / "seed")
    assert stat.S_IMODE((tmp_path / "state" / "seed").stat().st_mode) == 0o600


def test_a_second_run_draws_the_same_values_and_another_cluster_draws_others(tmp_path: Path) -> None:
    first = seeded_source(tmp_path / "one")("urn:a", 32)
    assert seeded_source(tmp_path / "one")("urn:a", 32) == first
    assert seeded_source(tmp_path / "two")("urn:a", 32) != first


def test_two_resources_never_share_a_value(tmp_path: Path) -> None:
    source = seeded_source(tmp_path / "seed")
    assert source("urn:a", 32) != source("urn:b", 32)
