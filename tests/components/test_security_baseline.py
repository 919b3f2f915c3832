from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from components.base.handles import CertificateIssuer, ImageRegistry
from components.base.wiring import External
from components.charts import ChartSource
from components.gpu_cluster.issuers import acme_issuer, ca_issuer, route53_solver, self_signed_issuer
from components.security_baseline import SecurityBaseline, SecurityBaselineArgs
from components.security_baseline.cert_manager import cert_manager_values
from tests.chart_files import chart_file
from tests.components.surroundings import Built, build
from tests.crd_schemas import schema_problems

ROUTE53 = acme_issuer(
    email="platform@example.org",
    server="https://acme.example.org/directory",
    dns01=route53_solver(region="eu-north-1", hosted_zone_id="Z0123456789"),
)


def baseline(issuer: CertificateIssuer, *, charts: str = "none", **changes: Any) -> Built:
    return build(
        lambda s: SecurityBaseline(
            "security",
            SecurityBaselineArgs(cluster=s.cluster, platform=s.platform, charts=ChartSource(location=charts)),
            s.opts,
        ),
        issuer=issuer,
        **changes,
    )


def rfc2136(nameserver: str) -> CertificateIssuer:
    return acme_issuer(
        email="platform@example.org",
        server="https://acme.example.org/directory",
        dns01={"rfc2136": {"nameserver": nameserver, "tsigKeyName": "platform", "tsigAlgorithm": "HMACSHA256"}},
    )


def test_a_self_signed_platform_has_an_authority_that_signs_everything_else() -> None:
    built = baseline(self_signed_issuer())
    authority = built.one("Certificate")
    assert built.one("ClusterIssuer", "platform-bootstrap")["spec"] == {"selfSigned": {}}
    assert authority["spec"]["isCA"] is True
    assert authority["spec"]["issuerRef"]["name"] == "platform-bootstrap"
    issuers = {item["metadata"]["name"]: item["spec"] for item in built.objects("ClusterIssuer")}
    assert issuers["platform"] == {"ca": {"secretName": authority["spec"]["secretName"]}}


def test_the_authoritys_key_lies_where_cluster_issuers_look_for_it() -> None:
    built = baseline(self_signed_issuer())
    (chart,) = built.rendered.charts
    assert built.one("Certificate")["metadata"]["namespace"] == chart.inputs["values"]["clusterResourceNamespace"]
    assert chart.inputs["namespace"] == "security"


def test_renewing_the_authority_keeps_its_key_so_that_trust_lasts() -> None:
    assert baseline(self_signed_issuer()).one("Certificate")["spec"]["privateKey"]["rotationPolicy"] == "Never"


@pytest.mark.parametrize("issuer", [ca_issuer("corporate-ca"), ROUTE53], ids=["own CA", "ACME"])
def test_an_issuer_from_outside_is_used_as_it_is(issuer: CertificateIssuer) -> None:
    built = baseline(issuer)
    assert built.one("ClusterIssuer")["spec"] == issuer.spec
    assert built.one("ClusterIssuer")["metadata"]["name"] == "platform"
    assert "Certificate" not in built.kinds


@pytest.mark.parametrize(
    "issuer", [self_signed_issuer(), ca_issuer("corporate-ca"), ROUTE53, rfc2136("10.1.1.1")], ids=str
)
def test_custom_resources_fit_their_definitions(issuer: CertificateIssuer) -> None:
    built = baseline(issuer)
    objects = [*built.objects("ClusterIssuer"), *built.objects("Certificate")]
    assert objects
    assert [problem for item in objects for problem in schema_problems(item)] == []


def test_issuers_exist_and_wait_for_the_chart_with_charts_and_without() -> None:
    for charts in ("none", "upstream"):
        built = baseline(self_signed_issuer(), charts=charts)
        custom = [resource for resource in built.rendered.objects if resource.inputs["kind"] == "ClusterIssuer"]
        assert len(custom) == 2
        first = next(resource for resource in custom if resource.name == "security-bootstrap-issuer")
        last = next(resource for resource in custom if resource.name == "security-issuer")
        if charts == "upstream":
            assert any("Chart" in urn for urn in first.depends_on)
        assert any(urn.endswith("::security-authority") for urn in last.depends_on)


def test_the_objects_prove_the_capability() -> None:
    annotations = [item["metadata"]["annotations"] for item in baseline(ROUTE53).objects("ClusterIssuer")]
    assert annotations == [{"ai-platform/capabilities": "tls-certificates"}]


def test_the_api_server_reaches_the_webhook_and_every_part_the_api_server() -> None:
    edges = baseline(self_signed_issuer()).edges
    assert ("external/kubernetes-api", "security/cert-manager-webhook", 10250) in edges
    for part in ("cert-manager", "cert-manager-webhook", "cert-manager-cainjector"):
        assert (f"security/{part}", "external/kubernetes-api", 6443) in edges
        assert ("observability/prometheus", f"security/{part}", 9402) in edges


def test_nothing_leaves_the_cluster_without_acme() -> None:
    edges = baseline(self_signed_issuer()).edges
    assert {target for source, target, _ in edges if source.startswith("security/")} == {"external/kubernetes-api"}


def test_acme_needs_a_way_out_and_the_pods_credentials() -> None:
    agent = External(name="credentials", cidrs=("169.254.170.23/32",))
    edges = baseline(ROUTE53, credentials=agent).edges
    assert ("security/cert-manager", "external/internet", 443) in edges
    assert ("security/cert-manager", "external/credentials", 80) in edges


@pytest.mark.parametrize(("nameserver", "port"), [("10.1.1.1", 53), ("10.1.1.1:5353", 5353)])
def test_challenges_by_dns_update_reach_the_named_server(nameserver: str, port: int) -> None:
    assert ("security/cert-manager", "external/dns-10.1.1.1", port) in baseline(rfc2136(nameserver)).edges


def test_a_dns_server_without_address_is_refused_with_the_key() -> None:
    with pytest.raises(ValueError, match=r"rfc2136\.nameserver: 'ns\.example\.org' must be an IPv4 address"):
        baseline(rfc2136("ns.example.org"))


def test_the_chart_accepts_the_values() -> None:
    schema = json.loads(chart_file("cert-manager", "values.schema.json").read_text())
    jsonschema.validate(cert_manager_values(ImageRegistry()), schema)


def test_images_come_from_the_mirror() -> None:
    assert cert_manager_values(ImageRegistry(mirror="registry.example.org/m"))["imageRegistry"] == (
        "registry.example.org/m/quay.io"
    )


def test_the_process_does_not_depend_on_gateway_definitions_that_come_later() -> None:
    assert "config" not in cert_manager_values(ImageRegistry())
