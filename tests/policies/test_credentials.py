"""Credentials are found by name, by shape and by mark, and no finding repeats one."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from policies.credential_shapes import credential_shape
from policies.findings import Result
from tests.policies.cases import UNKNOWN, judged
from tests.policies.conftest import JudgeAsEngine
from tests.policies.objects import Json, config_map, container, deployment, pod_spec, resource
from tools.policy.table import print_report

# Written in two halves, so that no scanner takes this file for a leak.
SHAPES = {
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "an API key": "sk-" + "abcdefghijklmnop1234",
    "a Hugging Face token": "hf_" + "AbCdEfGhIjKlMnOpQrStUv",
    "an AWS access key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "a GitHub token": "ghp_" + "a" * 36,
    "a GitLab token": "glpat-" + "abcdefghij0123456789",
    "a signed token": "eyJhbGciOiJI." + "eyJzdWIiOiIx.c2lnbmF0dXJl",
    "a password in a URL": "postgresql://user:" + "hunter2@db:5432/x",
}


def _environment(name: str, value: object) -> Json:
    return deployment(spec=pod_spec(containers=[container(env=[{"name": name, "value": value}])]))


def _arguments(*arguments: str) -> Json:
    return deployment(spec=pod_spec(containers=[container(args=list(arguments))]))


def _breaks(one: Json) -> bool:
    return bool(judged([one], "POD-17").findings)


@pytest.mark.parametrize("kind", SHAPES)
def test_a_credential_is_known_by_its_shape_wherever_it_stands(kind: str) -> None:
    assert credential_shape(f"some text {SHAPES[kind]} more") == kind
    assert _breaks(_environment("HARMLESS", SHAPES[kind]))
    assert _breaks(_arguments("--harmless", SHAPES[kind]))
    assert _breaks(config_map(**{"app.conf": f"line\nx {SHAPES[kind]}\n"}))


@pytest.mark.parametrize(
    "name",
    ["DB_PASSWORD", "PGPASSWORD", "HF_TOKEN", "LITELLM_MASTER_KEY", "AWS_SECRET_ACCESS_KEY", "clientSecret", "api-key"],
)
def test_a_variable_named_like_a_credential_must_not_be_written_out(name: str) -> None:
    assert _breaks(_environment(name, "pw"))
    assert not _breaks(_environment(name, ""))
    assert not _breaks(_environment(name, "$(FROM_SECRET)"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD_FILE", "/run/secrets/db"),
        ("MAX_TOKENS", "4096"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("PASSWORD_POLICY", "length(12)"),
        ("SECRET_NAME", "db"),
        ("USE_CLIENT_SECRET", "true"),
        ("NEXT_TOKEN", "8"),
    ],
)
def test_names_that_only_speak_about_credentials_are_harmless(name: str, value: str) -> None:
    assert not _breaks(_environment(name, value))


@pytest.mark.parametrize(
    "text",
    [
        "password: hunter2",
        '{"realm": "x", "secret": "hunter2"}',
        "[database]\npassword = hunter2\n",
        "export TOKEN='hunter2'\n",
        "--api-key=hunter2",
        "jdbc:postgresql://db/x?user=u&password=hunter2",
    ],
)
def test_configuration_text_that_assigns_a_credential_is_found(text: str) -> None:
    assert _breaks(config_map(**{"app.conf": text}))
    assert _breaks(_arguments(text))


@pytest.mark.parametrize(
    "text",
    [
        "master_key: os.environ/LITELLM_MASTER_KEY",
        "password: ${DB_PASSWORD}",
        '"secret": "$(env:CLIENT_SECRET)"',
        "password: |",
        '"credentials": [{"type": "password"}]',
        "grant_type: password",
        "token: {{ .Values.token }}",
        "url: http://localhost:8000/@x",
        "expr: sum(rate(vllm:generation_tokens_total[5m]))",
        "TOKEN=$(cat /var/run/token)",
    ],
)
def test_references_to_credentials_are_harmless(text: str) -> None:
    assert not _breaks(config_map(**{"app.conf": text}))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def fetch(url: str, token: str) -> bytes:", False),
        ("token = read_token()", False),
        ('token = os.environ["TOKEN"]', False),
        ('"""Pass a token: any will do."""', False),
        ('token = "hunter2"', True),
        ("token: str = 'hunter2'", True),
        ('{"password": "hunter2"}', True),
    ],
)
def test_in_a_program_only_quoted_values_are_written_out(code: str, found: bool) -> None:
    assert _breaks(config_map(**{"script.py": code})) is found


def test_a_reference_to_a_secret_needs_no_value() -> None:
    source = {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}
    assert not _breaks(deployment(spec=pod_spec(containers=[container(env=[source])])))


def test_no_finding_repeats_a_credential(judge_as_engine: JudgeAsEngine) -> None:
    canary = "CANARY-5f0e1c"
    resources = [
        _environment("DB_PASSWORD", canary),
        _arguments("--api-key", canary, f"--token={canary}", f"password={canary}"),
        config_map(password=canary, conf=f"secret: {canary}\n{SHAPES['an API key']}"),
        deployment(spec=pod_spec(containers=[container(image=canary, workingDir=canary)], serviceAccountName="")),
    ]
    report = judged(resources)
    printed = io.StringIO()
    print_report(report, Console(file=printed, width=500))
    assert len([finding for finding in report.findings if finding.rule == "POD-17"]) >= 5
    for text in (printed.getvalue(), repr(report), *(item.message for item in judge_as_engine(resources))):
        assert canary not in text
        assert SHAPES["an API key"] not in text


# The rule about marked secrets, STK-05: compliant, violating, absent, unknown.

MARKED = {"secretPaths": ["data.note"]}


def test_a_marked_secret_in_a_secret_passes() -> None:
    inputs = {"metadata": {"name": "s", "namespace": "models"}, "stringData": {"note": "[secret]"}}
    assert judged([resource("core/v1:Secret", inputs, **MARKED)], "STK-05").findings == ()


@pytest.mark.parametrize("token", ["core/v1:ConfigMap", "apps/v1:Deployment", "example.org/v1:Thing"])
def test_a_marked_secret_in_another_kind_fails(token: str) -> None:
    (finding,) = judged([resource(token, {"data": {"note": "[secret]"}}, name="x", **MARKED)], "STK-05").findings
    assert (finding.result, finding.path, finding.mandatory) == (Result.FAIL, "data.note", True)


def test_an_object_without_marked_paths_passes() -> None:
    assert judged([config_map(note="x")], "STK-05").findings == ()


def test_a_marked_secret_that_is_unknown_fails_all_the_same() -> None:
    (finding,) = judged(
        [resource("core/v1:ConfigMap", {"data": {"note": UNKNOWN}}, name="x", **MARKED)], "STK-05"
    ).findings
    assert finding.result is Result.FAIL


def test_a_secret_wrapper_inside_the_inputs_counts_as_marked() -> None:
    wrapped = json.loads('{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "x"}')
    (finding,) = judged([resource("core/v1:ConfigMap", {"data": {"note": wrapped}}, name="x")], "STK-05").findings
    assert finding.path == "data.note"


def test_secrets_of_other_providers_are_their_own_business() -> None:
    inputs = {"length": 32}
    record = resource("random:index/randomPassword:RandomPassword", inputs, name="pw", secretPaths=["result"])
    assert judged([record], "STK-05").findings == ()
