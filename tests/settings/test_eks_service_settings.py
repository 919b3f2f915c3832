from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from components.gpu_cluster.eks.services.grafana_workspace import IdentityCenterLogin, SamlLogin
from stacks.arguments.eks_services import service_plan
from stacks.schema.eks_services import EksServicesSettings, missing_budget
from stacks.schema.time_windows import MINUTES_OF_DAY, MINUTES_OF_WEEK, Span, daily_spans, weekly_span
from stacks.settings import KEY, SettingsError, load_settings

ROOT = Path(__file__).resolve().parents[2]
TAGS = {"owner": "platform-team", "cost-centre": "4711", "data-class": "confidential"}
BUDGET = {"monthlyUsd": 30000, "emails": ["platform@example.org"]}
REGION = "eu-north-1"
GROUP = "01234567-89ab-cdef-0123-456789abcdef"


def services(**changes: Any) -> EksServicesSettings:
    return EksServicesSettings.model_validate({"budget": BUDGET, "tags": TAGS} | changes)


def problem(**changes: Any) -> tuple[str, str]:
    """Path and message of the only error."""
    with pytest.raises(ValidationError) as caught:
        services(**changes)
    (detail,) = caught.value.errors(include_url=False)
    return ".".join(str(part) for part in detail["loc"]), str(detail.get("ctx", {}).get("error", detail["msg"]))


def test_a_stack_that_says_who_pays_needs_to_say_nothing_else() -> None:
    settings = services()
    assert settings.service_problem(REGION, []) is None
    plan = service_plan(settings)
    assert plan.budget.monthly_usd == 30000
    assert plan.backup.start == (5, 0)
    assert plan.backup.locked
    assert plan.metrics_retention_days == 150
    assert plan.grafana is None


def test_a_stack_without_a_budget_is_refused_with_what_its_nodes_cost() -> None:
    settings = EksServicesSettings.model_validate({"tags": TAGS})
    refusal = settings.service_problem(REGION, [67.73, 22.26])
    assert refusal is not None
    assert refusal.startswith("budget: required: add monthlyUsd and emails")
    assert "89.99 USD an hour, 65,693 a month" in refusal
    assert "pools without a known price" not in refusal


def test_what_is_not_known_of_the_cost_is_said() -> None:
    assert "pools without a known price come on top" in missing_budget([1.0, None])
    assert missing_budget([None]) == "budget: required: add monthlyUsd and emails"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"monthlyUsd": 0}, "budget.monthlyUsd"),
        ({"emails": []}, "budget.emails"),
        ({"emails": ["platform"]}, "budget.emails.0"),
        ({"emails": [f"p{index}@example.org" for index in range(11)]}, "budget.emails"),
        ({"scope": "region"}, "budget.scope"),
    ],
)
def test_a_budget_that_would_tell_nobody_is_refused(change: dict[str, Any], path: str) -> None:
    assert problem(budget=BUDGET | change)[0] == path


def test_missing_tags_are_named() -> None:
    path, message = problem(tags={"owner": "platform-team"})
    assert path == "tags"
    assert message.startswith("add cost-centre, data-class: ")
    with pytest.raises(ValidationError, match="add owner, cost-centre, data-class"):
        EksServicesSettings.model_validate({"budget": BUDGET})


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"aws:team": "a"}, "'aws:team' is set by AWS or by the platform"),
        ({"AWS:team": "a"}, "'AWS:team' is set by AWS or by the platform"),
        ({"ai-platform/environment": "a"}, "is set by AWS or by the platform"),
        ({"app.kubernetes.io/part-of": "a"}, "is set by AWS or by the platform"),
        ({"kubernetes.io/role/elb": "1"}, "is set by AWS or by the platform"),
        ({"Name": "a"}, "'Name' is set by AWS or by the platform"),
        ({"a=b": "a"}, "'a=b' is no key"),
        ({"": "a"}, "'' is no key"),
        ({"k" * 129: "a"}, "is no key"),
        ({"Owner": "a"}, "'Owner' and 'owner' differ in case only"),
        ({"note": ""}, "note: '' is no value"),
        ({"note": "{{ .PVCName }}"}, "note: '{{ .PVCName }}' is no value"),
        ({f"key{index}": "a" for index in range(38)}, "41 tags: name at most 40"),
    ],
)
def test_tags_that_aws_or_the_platform_would_not_take_are_refused(tags: dict[str, str], words: str) -> None:
    path, message = problem(tags=TAGS | tags)
    assert path == "tags"
    assert words in message


def test_as_many_tags_as_fit_are_taken() -> None:
    assert len(services(tags=TAGS | {f"key{index}": "a" for index in range(37)}).tags) == 40


def test_grafana_names_one_way_to_sign_in_and_what_must_exist_for_it() -> None:
    path, message = problem(managedGrafana={"allowedCidrs": ["203.0.113.0/24"]})
    assert path == "managedGrafana"
    assert "IAM Identity Center must be enabled first" in message
    assert "the identity provider must exist" in message


def test_grafana_is_open_to_named_addresses_only() -> None:
    grafana = {"identityCenter": {"adminGroupIds": [GROUP]}, "allowedCidrs": []}
    assert problem(managedGrafana=grafana)[0] == "managedGrafana.allowedCidrs"


def test_grafana_without_managed_metrics_is_refused() -> None:
    grafana = {"identityCenter": {"adminGroupIds": [GROUP]}, "allowedCidrs": ["203.0.113.0/24"]}
    settings = services(managedGrafana=grafana, managedPrometheus={"enabled": False})
    assert settings.service_problem(REGION, []) == (
        "managedGrafana: it would show nothing: set managedPrometheus.enabled: true or remove it"
    )


def test_both_ways_to_sign_in_reach_the_component() -> None:
    center = {"identityCenter": {"adminGroupIds": [GROUP]}, "allowedCidrs": ["203.0.113.0/24"]}
    plan = service_plan(services(managedGrafana=center)).grafana
    assert plan is not None
    assert plan.login == IdentityCenterLogin(admin_group_ids=(GROUP,), editor_group_ids=())
    saml = {"metadataUrl": "https://auth.example.org/saml", "roleAttribute": "role", "adminRoles": ["admin"]}
    plan = service_plan(services(managedGrafana={"saml": saml, "allowedCidrs": ["203.0.113.0/24"]})).grafana
    assert plan is not None
    assert plan.login == SamlLogin(
        metadata_url="https://auth.example.org/saml", role_attribute="role", admin_roles=("admin",), editor_roles=()
    )


@pytest.mark.parametrize("text", ["5:00", "24:00", "05:60", "05:00-06:00", ""])
def test_a_start_that_is_no_time_is_refused(text: str) -> None:
    path, message = problem(backup={"startTime": text})
    assert path == "backup.startTime"
    assert 'write it like "05:00" (UTC)' in message


@pytest.mark.parametrize("text", ["02:00-02:29", "02:00-02:00", "2:00-3:00", "sun:02:00-sun:03:00"])
def test_a_daily_window_that_rds_would_not_take_is_refused(text: str) -> None:
    assert problem(database={"backupWindow": text})[0] == "database.backupWindow"


@pytest.mark.parametrize("text", ["sun:03:30-sun:03:45", "03:30-04:30", "son:03:30-son:04:30"])
def test_a_weekly_window_that_rds_would_not_take_is_refused(text: str) -> None:
    assert problem(database={"maintenanceWindow": text})[0] == "database.maintenanceWindow"


def test_maintenance_and_backup_at_the_same_time_are_refused() -> None:
    settings = services(database={"backupWindow": "23:30-00:30", "maintenanceWindow": "mon:00:00-mon:01:00"})
    assert settings.service_problem(REGION, []) == (
        "database.maintenanceWindow: it overlaps database.backupWindow: move one of them"
    )


@pytest.mark.parametrize(
    ("start", "window"),
    [
        ("00:30", "backupWindow"),  # starts up to 01:30, and RDS refuses from 01:00
        ("02:30", "backupWindow"),
        ("03:00", "maintenanceWindow"),  # on Sundays
        ("21:00", None),
        ("04:30", None),
        # The copy of a week starts an hour later.
        ("23:15", "backupWindow"),
    ],
)
def test_a_copy_that_rds_would_refuse_is_refused_before_it_is_tried(start: str, window: str | None) -> None:
    weekly = {"database": {"backupWindow": "01:15-01:45"}} if start == "23:15" else {}
    found = services(backup={"startTime": start}, **weekly).service_problem(REGION, [])
    if window is None:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(f"backup.startTime: {start}: RDS refuses copies from an hour before database.{window}")


def test_a_second_copy_lies_in_another_region() -> None:
    assert services(backup={"copyToRegion": "eu-central-1"}).service_problem(REGION, []) is None
    found = services(backup={"copyToRegion": REGION}).service_problem(REGION, [])
    assert found == "backup.copyToRegion: eu-north-1 is the cluster's own region: name another one, or null"


def test_certificates_are_text_and_no_file_name() -> None:
    assert problem(database={"authorityCertificates": "bundle.pem"})[0] == "database.authorityCertificates"
    text = "-----BEGIN CERTIFICATE-----\nexample\n-----END CERTIFICATE-----\n"
    assert service_plan(services(database={"authorityCertificates": text})).database.authority_certificates == text


@given(
    first=st.tuples(st.integers(0, MINUTES_OF_WEEK - 1), st.integers(1, MINUTES_OF_DAY)),
    second=st.tuples(st.integers(0, MINUTES_OF_WEEK - 1), st.integers(1, MINUTES_OF_DAY)),
)
def test_spans_meet_exactly_when_they_share_a_minute(first: tuple[int, int], second: tuple[int, int]) -> None:
    spans = [Span(start=start, minutes=minutes) for start, minutes in (first, second)]
    minutes = [{(span.start + offset) % MINUTES_OF_WEEK for offset in range(span.minutes)} for span in spans]
    assert spans[0].meets(spans[1]) == bool(minutes[0] & minutes[1])
    assert spans[1].meets(spans[0]) == spans[0].meets(spans[1])


def test_windows_go_on_past_midnight_and_past_the_end_of_the_week() -> None:
    assert daily_spans("23:30-00:30")[0] == Span(start=23 * 60 + 30, minutes=60)
    assert weekly_span("sun:23:30-mon:00:30") == Span(start=MINUTES_OF_WEEK - 30, minutes=60)


def test_an_environment_leaves_room_for_names_of_aws() -> None:
    content = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text("utf-8"))["config"][KEY]
    assert load_settings(content).environment == "prod"
    with pytest.raises(SettingsError, match=r"environment: 'a{25}' has 25 characters, .* leave room for 24"):
        load_settings(content | {"environment": "a" * 25})
