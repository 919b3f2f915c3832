"""The comparison of the shipped stacks, and what must hold of a comparison whatever is compared."""

from __future__ import annotations

import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from policies.graph import GraphError
from tests.parity.graphs import changed, graph_of, urn_of, with_value, without
from tools.parity.command import run_parity
from tools.parity.compare import compare
from tools.parity.page import as_page
from tools.parity.parts import MODEL, PARTS
from tools.parity.substitutions import SUBSTITUTIONS
from tools.parity.verdicts import ParityReport, Verdict

Json = dict[str, Any]
TODAY = date(2026, 11, 21)
PAIRS = (("dev", "prod"), ("local", "dev"), ("local", "prod"))


def _compare(left: Json, right: Json) -> ParityReport:
    return compare(left, right, TODAY)


def _verdict(report: ParityReport, capability: str) -> Verdict:
    return next(item.verdict for item in report.capabilities if item.capability == capability)


def test_every_difference_between_dev_and_prod_is_explained() -> None:
    report = _compare(graph_of("dev"), graph_of("prod"))
    assert report.unexplained == ()
    assert report.unmapped == ()
    assert report.stale == ()
    assert report.exit_code == 0
    assert report.mapped == report.resources > 1000
    assert len(report.capabilities) >= 25
    assert len(report.objects) > 200


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_a_stack_is_equal_to_itself(stack: str) -> None:
    report = _compare(graph_of(stack), graph_of(stack))
    verdicts = {item.verdict for item in (*report.capabilities, *report.objects)}
    assert verdicts <= {Verdict.PASS, Verdict.ONE_SIDED}
    assert report.exit_code == 0
    assert Verdict.ONE_SIDED not in {item.verdict for item in report.objects}


def test_swapping_the_sides_mirrors_the_report() -> None:
    mirrored = {Verdict.WEAKER_LEFT: Verdict.WEAKER_RIGHT, Verdict.WEAKER_RIGHT: Verdict.WEAKER_LEFT}
    for left, right in PAIRS:
        there, back = _compare(graph_of(left), graph_of(right)), _compare(graph_of(right), graph_of(left))
        assert there.exit_code == back.exit_code
        assert there.stale == back.stale
        assert [
            (item.capability, mirrored.get(item.verdict, item.verdict), item.reason) for item in there.capabilities
        ] == [(item.capability, item.verdict, item.reason) for item in back.capabilities]
        assert [
            (item.object, item.verdict, item.paths, item.right_digest, item.left_digest) for item in there.objects
        ] == [(item.object, item.verdict, item.paths, item.left_digest, item.right_digest) for item in back.objects]


def test_the_order_of_resources_and_members_changes_nothing() -> None:
    shuffled = json.loads(json.dumps(graph_of("prod"), sort_keys=True))
    random.Random(6).shuffle(shuffled["resources"])  # noqa: S311 # an order, no secret
    assert _compare(graph_of("dev"), shuffled) == _compare(graph_of("dev"), graph_of("prod"))


def test_another_name_of_the_stack_and_of_its_domain_changes_nothing() -> None:
    text = json.dumps(graph_of("prod")).replace("ai.example.org", "intelligence.example.net")
    text = text.replace("urn:pulumi:prod::", "urn:pulumi:other::").replace(
        '"ai-platform/environment": "prod"', '"ai-platform/environment": "other"'
    )
    renamed = _compare(graph_of("dev"), json.loads(text) | {"stack": "other"})
    original = _compare(graph_of("dev"), graph_of("prod"))
    assert renamed.exit_code == 0
    assert [item.verdict for item in renamed.objects] == [item.verdict for item in original.objects]
    assert [item.verdict for item in renamed.capabilities] == [item.verdict for item in original.capabilities]


def test_an_unknown_value_is_neither_equal_nor_weaker_and_ends_with_two() -> None:
    prod = graph_of("prod")
    hidden = with_value(prod, urn_of(prod, ":Instance", "data-databases-instance"), "multiAz", "[secret]")
    report = _compare(graph_of("dev"), hidden)
    assert _verdict(report, "relational-database") is Verdict.UNKNOWN
    assert report.exit_code == 2


def test_a_resource_that_nothing_accounts_for_is_unmapped_and_ends_with_two() -> None:
    prod = graph_of("prod")
    table = {**prod["resources"][0], "type": "aws:dynamodb/table:Table", "name": "extra", "inputs": {}}
    table["urn"] = "urn:pulumi:prod::ai-platform::aws:dynamodb/table:Table::extra"
    report = _compare(graph_of("dev"), {**prod, "resources": [*prod["resources"], table]})
    assert [(item.side, item.name) for item in report.unmapped] == [("right", "extra")]
    assert report.exit_code == 2


def test_a_portable_object_that_differs_is_named_with_its_path() -> None:
    dev = graph_of("dev")
    urn = urn_of(dev, ":Deployment", "gateway-litellm-deployment")
    image = with_value(dev, urn, "spec.template.spec.containers[0].image", "docker.io/other:1")
    (found,) = _compare(image, graph_of("prod")).unexplained
    assert found.verdict is Verdict.DIVERGED_OBJECT
    assert getattr(found, "paths") == ("spec.template.spec.containers.litellm.image",)  # noqa: B009 # one of two types


def test_a_portable_object_on_one_side_only_is_missing() -> None:
    dev = graph_of("dev")
    report = _compare(
        without(dev, urn_of(dev, ":PodDisruptionBudget", "gateway-litellm-disruption-budget")), graph_of("prod")
    )
    assert [item.verdict for item in report.unexplained] == [Verdict.MISSING]
    assert report.exit_code == 1


def test_an_opened_network_policy_diverges_though_addresses_do_not_count() -> None:
    prod = graph_of("prod")
    for item in prod["resources"]:
        if item["type"].endswith(":NetworkPolicy") and item["inputs"]["metadata"]["name"] == "allow-keycloak":
            rules = [*item["inputs"]["spec"]["egress"], {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]
            opened = with_value(prod, item["urn"], "spec.egress", rules)
            report = _compare(graph_of("dev"), opened)
            assert [item.verdict for item in report.unexplained] == [Verdict.DIVERGED_OBJECT]
            return
    pytest.fail("there is no such policy")


def test_a_difference_that_is_gone_makes_its_declaration_stale() -> None:
    dev = graph_of("dev")
    versioned = with_value(dev, urn_of(dev, ":StorageClass", "cluster-storage-fast"), "allowVolumeExpansion", True)
    both = with_value(versioned, urn_of(dev, ":StorageClass", "cluster-storage-retained"), "allowVolumeExpansion", True)
    report = _compare(both, graph_of("prod"))
    assert report.stale == (
        "persistent-volumes grows: declared are no on k3s and yes on eks, and both have yes: "
        "take the difference out of the catalogue",
    )
    assert report.exit_code == 1


def test_a_stronger_side_that_falls_to_the_weaker_one_is_told_to_bring_it_back() -> None:
    prod = graph_of("prod")
    plain = [item for item in prod["resources"] if ":BucketServerSideEncryption" not in item["type"]]
    report = _compare(graph_of("dev"), {**prod, "resources": plain})
    assert report.stale == (
        "object-store at-rest: declared are none on k3s and own-key on eks, and both have none: "
        "eks has lost it; bring it back, or take the difference out of the catalogue",
    )
    assert report.exit_code == 1


def test_a_capability_that_appears_where_it_is_declared_absent_is_stale() -> None:
    prod = graph_of("prod")
    budget = next(item for item in prod["resources"] if item["type"] == "aws:budgets/budget:Budget")
    dev = graph_of("dev")
    report = _compare({**dev, "resources": [*dev["resources"], budget]}, prod)
    assert [line.partition(":")[0] for line in report.stale] == ["spending-alert"]


def test_a_reason_is_good_until_its_review() -> None:
    late = compare(graph_of("dev"), graph_of("prod"), date(2030, 1, 1))
    assert any("was to be reviewed on" in line for line in late.stale)
    assert late.exit_code == 1


def test_no_declaration_is_there_for_nothing() -> None:
    from tools.parity.objects import compare_objects  # noqa: PLC0415 # of this test alone

    used = frozenset().union(*(compare_objects(graph_of(left), graph_of(right)).used for left, right in PAIRS))
    assert [entry.objects for entry in SUBSTITUTIONS if entry not in used] == []
    resources = [item for stack in ("local", "dev", "prod") for item in graph_of(stack)["resources"]]
    assert [part.what for part in PARTS if not any(part.covers(item) for item in resources)] == []


def test_every_declaration_has_a_reason() -> None:
    assert all(len(entry.reason) > 15 for entry in (*SUBSTITUTIONS, *PARTS))


@pytest.mark.parametrize(
    ("graph", "problem"),
    [
        ({"version": 2}, "version"),
        ({"version": 1, "project": "p", "stack": "s", "resources": {}}, "resources: must be a list"),
        ({"version": 1, "project": "p", "stack": "s", "resources": []}, "none of them is a cluster"),
    ],
)
def test_a_graph_that_cannot_be_compared_is_refused(graph: Json, problem: str) -> None:
    with pytest.raises(GraphError, match=problem):
        compare(graph, graph_of("dev"), TODAY)


def test_the_command_compares_files_and_writes_both_reports(tmp_path: Path) -> None:
    files = {}
    for name, stack in (("LEFT", "dev"), ("RIGHT", "prod")):
        path = tmp_path / f"{stack}.json"
        path.write_text(json.dumps(graph_of(stack)), "utf-8")
        files[name] = str(path)
    console = Console(record=True, width=160)
    assert run_parity(console, tmp_path, files, today=TODAY) == 0
    printed = console.export_text()
    assert "0 unexplained" in printed
    document = json.loads((tmp_path / "build/parity/dev-prod.json").read_text("utf-8"))
    assert (document["version"], document["exitCode"], document["left"], document["right"]) == (1, 0, "dev", "prod")
    assert len(document["capabilities"]) == len(_compare(graph_of("dev"), graph_of("prod")).capabilities)


def test_the_page_asks_nobody_for_anything_and_escapes_what_it_shows() -> None:
    def rename(resource: Json) -> None:
        resource["name"] = "<script>"
        resource["type"] = "aws:dynamodb/table:Table"

    prod = graph_of("prod")
    strange = changed(prod, urn_of(prod, ":Chart", "gpu-operator"), rename)
    page = as_page(_compare(graph_of("dev"), strange))
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "").replace("_http", "")[: page.index("<main>")]
    assert all(text in page for text in ("viewport", 'lang="en"', "WEAKER-LEFT", "UNMAPPED"))


def test_an_object_of_a_model_of_both_stacks_is_missing_though_another_models_name_begins_so() -> None:
    """`qwen3` on one side alone does not explain what a `qwen3-8b` of both lacks."""
    dev = graph_of("dev")
    short = {**next(item for item in dev["resources"] if item["type"] == MODEL), "name": "model-qwen3", "urn": "urn:q"}
    gone = without(dev, urn_of(dev, ":NetworkPolicy", "network-models-allow-qwen3-8b"))
    report = _compare({**gone, "resources": [*gone["resources"], short]}, graph_of("prod"))
    missing = {item.object for item in report.objects if item.verdict is Verdict.MISSING}
    assert "NetworkPolicy models/allow-qwen3-8b" in missing


@pytest.mark.parametrize(
    ("kind", "name", "path", "value"),
    [
        (":EnvoyProxy", "models", "spec.provider.kubernetes.envoyService.type", "LoadBalancer"),
        (":ValidatingAdmissionPolicy", "ai-platform-own-roles", "spec.validations[0].expression", "true"),
        (":StatefulSet", "vector-store", "spec.replicas", 1),
    ],
)
def test_what_no_substrate_decides_is_compared(kind: str, name: str, path: str, value: object) -> None:
    dev = graph_of("dev")
    (urn,) = [
        item["urn"]
        for item in dev["resources"]
        if item["type"].endswith(kind) and item["inputs"]["metadata"]["name"] == name
    ]
    assert _compare(with_value(dev, urn, path, value), graph_of("prod")).exit_code == 1


def test_a_model_without_copies_and_without_a_scaler_is_not_served() -> None:
    dev = graph_of("dev")
    (urn,) = [
        item["urn"]
        for item in dev["resources"]
        if item["type"].endswith(":Deployment") and item["inputs"]["metadata"]["name"] == "bge-reranker"
    ]
    report = _compare(with_value(dev, urn, "spec.replicas", 0), graph_of("prod"))
    assert [(item.verdict, getattr(item, "capability", "")) for item in report.unexplained] == [
        (Verdict.WEAKER_LEFT, "gpu-serving")
    ]


@pytest.mark.parametrize(
    "right", [{"realmRoles": ["user", "admin"]}, {"clientRoles": {"realm-management": ["realm-admin"]}}]
)
def test_a_team_that_administers_is_a_weaker_sign_on(right: Json) -> None:
    dev = graph_of("dev")

    def promote(resource: Json) -> None:
        realm = json.loads(resource["inputs"]["data"]["realm.json"])
        next(group for group in realm["groups"] if group["name"] == "students").update(right)
        resource["inputs"]["data"]["realm.json"] = json.dumps(realm)

    report = _compare(changed(dev, urn_of(dev, ":ConfigMap", "identity-realm"), promote), graph_of("prod"))
    assert [(item.verdict, getattr(item, "capability", "")) for item in report.unexplained] == [
        (Verdict.WEAKER_LEFT, "single-sign-on")
    ]
