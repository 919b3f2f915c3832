from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.base.handles import ImageRegistry
from components.rag_data_layer import postgresql_charts, postgresql_specs
from tests.crd_schemas import crd_folder

STORAGE = st.integers(min_value=1, max_value=10_000)


def cluster(*, instances: int = 3, storage_gib: int = 20) -> dict[str, Any]:
    return postgresql_specs.cluster_spec(
        image="ghcr.io/cloudnative-pg/postgresql:18",
        databases=("keycloak", "litellm"),
        instances=instances,
        storage_gib=storage_gib,
        storage_class="retained",
        labels={},
    )


def megabytes(text: str) -> int:
    found = re.fullmatch(r"(\d+)MB", text)
    assert found, text
    return int(found[1])


@given(storage_gib=STORAGE)
def test_the_log_has_a_volume_of_its_own_that_its_settings_fit(storage_gib: int) -> None:
    volume = postgresql_specs.log_gib(storage_gib)
    assert volume >= 2
    assert storage_gib / 4 <= volume <= max(2, storage_gib / 4 + 1)
    parameters = postgresql_specs.parameters(storage_gib)
    kept, written = megabytes(parameters["max_slot_wal_keep_size"]), megabytes(parameters["max_wal_size"])
    assert kept + written < volume * 1024
    # PostgreSQL refuses to start with less than two segments of 16 MB.
    assert written >= 32


def test_memory_settings_fit_the_limit_of_the_pod() -> None:
    spec = cluster()
    limit = int(spec["resources"]["limits"]["memory"].removesuffix("Mi"))
    parameters = spec["postgresql"]["parameters"]
    assert megabytes(parameters["shared_buffers"]) * 4 <= limit
    assert megabytes(parameters["effective_cache_size"]) < limit
    assert spec["resources"]["requests"]["memory"] == spec["resources"]["limits"]["memory"]


def test_every_user_is_confined_to_its_own_database_and_to_tls() -> None:
    rules = [rule.split() for rule in cluster()["postgresql"]["pg_hba"]]
    assert rules[-1] == ["host", "all", "all", "all", "reject"]
    admitting = [rule for rule in rules if rule[-1] != "reject"]
    assert admitting
    for kind, database, _, _, method in admitting:
        assert (kind, database, method) == ("hostssl", "sameuser", "scram-sha-256")


def test_no_role_is_more_than_a_user_and_no_superuser_has_a_password() -> None:
    spec = cluster()
    assert spec["enableSuperuserAccess"] is False
    roles = {role["name"]: role for role in spec["managed"]["roles"]}
    assert set(roles) == {"keycloak", "litellm"}
    for name, role in roles.items():
        assert role["passwordSecret"] == {"name": f"postgres-{name}"}
        assert {role[right] for right in ("superuser", "createdb", "createrole")} == {False}


def test_only_with_a_standby_does_a_commit_wait_and_a_budget_exist() -> None:
    assert cluster(instances=3)["postgresql"]["synchronous"]["number"] == 1
    assert cluster(instances=3)["enablePDB"] is True
    assert "synchronous" not in cluster(instances=1)["postgresql"]
    assert cluster(instances=1)["enablePDB"] is False


def test_the_archiver_and_the_backups_name_the_plug_in_and_never_the_built_in_one() -> None:
    spec = cluster()
    assert "backup" not in spec
    [plugin] = spec["plugins"]
    backup = postgresql_specs.scheduled_backup_spec("0 0 2 * * *")
    assert plugin["isWALArchiver"] is True
    assert plugin["name"] == backup["pluginConfiguration"]["name"] == "barman-cloud.cloudnative-pg.io"
    assert backup["method"] == "plugin"
    assert backup["immediate"] is True


def test_extensions_are_made_in_the_database_that_asks_for_them() -> None:
    assert "extensions" not in postgresql_specs.database_spec("litellm", ())
    made = postgresql_specs.database_spec("rag", ("vector",))
    assert made["extensions"] == [{"name": "vector", "ensure": "present"}]
    assert made["databaseReclaimPolicy"] == "retain"


def test_images_of_both_charts_come_from_the_mirror() -> None:
    registry = ImageRegistry(mirror="mirror.example.org/platform")
    operator = postgresql_charts.operator_values(registry)
    plugin = postgresql_charts.plugin_values(registry)
    assert operator["image"]["repository"] == "mirror.example.org/platform/ghcr.io/cloudnative-pg/cloudnative-pg"
    assert plugin["image"]["registry"] == plugin["sidecarImage"]["registry"] == "mirror.example.org/platform/ghcr.io"


def test_the_operator_watches_no_namespace_but_its_own() -> None:
    assert postgresql_charts.operator_values(ImageRegistry())["config"]["clusterWide"] is False


@pytest.mark.parametrize(
    ("chart", "values"),
    [
        ("cloudnative-pg", postgresql_charts.operator_values(ImageRegistry())),
        ("plugin-barman-cloud", postgresql_charts.plugin_values(ImageRegistry())),
    ],
)
def test_every_value_is_one_that_the_chart_knows(chart: str, values: dict[str, Any]) -> None:
    file = crd_folder().parent / "charts" / chart / "values.yaml"
    if not file.is_file():
        pytest.skip(f"no values of chart {chart}")
    assert unknown_keys(values, yaml.safe_load(file.read_text())) == []


def test_an_unknown_value_would_be_found() -> None:
    assert unknown_keys({"image": {"tags": "1"}}, {"image": {"tag": ""}}) == ["image.tags"]


def unknown_keys(values: dict[str, Any], known: Any, path: str = "") -> list[str]:
    """Paths in `values` that the chart's defaults do not have. An empty default takes any keys."""
    if not isinstance(known, dict) or not known:
        return []
    found: list[str] = []
    for key, value in values.items():
        where = f"{path}.{key}" if path else key
        if key not in known:
            found.append(where)
        elif isinstance(value, dict):
            found.extend(unknown_keys(value, known[key], where))
    return found
