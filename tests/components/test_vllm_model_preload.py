"""The preload program against an S3 server and a stand-in for the hub, both on loopback."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from components.vllm_model.weights.scripts import hub as hub_module
from components.vllm_model.weights.scripts import list_weights
from components.vllm_model.weights.scripts import preload_weights as program
from tests.components.weights_site import (
    DIGEST,
    FILES,
    FIRST,
    LISTING,
    NEEDED,
    SECOND,
    Site,
    listing_of,
    s3_server,
    site_on,
)


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the program would have waited."""
    waited: list[float] = []
    monkeypatch.setattr(hub_module.time, "sleep", waited.append)
    return waited


@pytest.fixture
def site(
    s3_address: str, pauses: list[float], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Site]:
    with site_on(s3_address, request.node.nodeid, monkeypatch) as made:
        yield made


def test_the_files_a_server_needs_arrive_unchanged_with_their_listing_and_no_others(site: Site) -> None:
    assert program.main(site.environment()) == 0
    assert site.stored == {name: FILES[name] for name in NEEDED} | {"SHA256SUMS": LISTING}


def test_config_json_is_copied_last(site: Site) -> None:
    assert program.main(site.environment()) == 0
    assert site.hub.served[-1] == "config.json"


def test_a_finished_copy_does_not_ask_the_hub_again(site: Site) -> None:
    assert program.main(site.environment()) == 0
    site.hub.requests = 0
    assert program.main(site.environment()) == 0
    assert site.hub.requests == 0


def test_an_interrupted_copy_is_taken_up_file_by_file(site: Site) -> None:
    site.hub.corrupt.add("tokenizer.json")
    assert program.main(site.environment()) == 2
    assert FIRST in site.stored
    site.hub.corrupt.clear()
    site.hub.served.clear()
    assert program.main(site.environment()) == 0
    assert FIRST not in site.hub.served
    assert {"tokenizer.json", "config.json"} <= set(site.hub.served)


@pytest.mark.parametrize("name", ["tokenizer.json", FIRST])
def test_an_object_with_other_content_is_replaced(site: Site, name: str) -> None:
    assert program.main(site.environment()) == 0
    site.put(name, b"[]")
    assert program.main(site.environment()) == 0
    assert site.stored[name] == FILES[name]


@pytest.mark.parametrize("name", [FIRST, "tokenizer.json", "config.json"])
def test_a_file_that_differs_from_its_announced_hash_is_not_kept(site: Site, name: str) -> None:
    site.hub.corrupt.add(name)
    assert program.main(site.environment()) == 2
    assert name not in site.stored
    assert "config.json" not in site.stored


def test_a_large_file_is_checked_before_a_multipart_upload_completes(site: Site) -> None:
    # Above the multipart threshold of 32 MiB, where parts are stored before the whole is known.
    site.hub.files[FIRST] = b"x" * (33 * program.MEBIBYTE)
    site.hub.corrupt.add(FIRST)
    assert program.main(site.environment()) == 2
    assert FIRST not in site.stored
    site.hub.corrupt.clear()
    assert program.main(site.environment()) == 0
    assert len(site.stored[FIRST]) == 33 * program.MEBIBYTE


def test_a_broken_connection_is_taken_up_where_it_broke(site: Site) -> None:
    site.hub.break_once.add(FIRST)
    assert program.main(site.environment()) == 0
    assert site.stored[FIRST] == FILES[FIRST]
    assert site.hub.served.count(FIRST) == 2


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "17"}, 17.0), ({"ratelimit": '"resolvers";r=0;t=42'}, 42.0), ({"retry-after": "9999"}, 300.0)],
)
def test_a_hub_that_limits_requests_is_asked_again_when_it_says_so(
    site: Site, pauses: list[float], headers: dict[str, str], seconds: float
) -> None:
    site.hub.busy = [(429, headers)]
    assert program.main(site.environment()) == 0
    assert pauses == [seconds]
    assert set(site.stored) == NEEDED | {"SHA256SUMS"}


def test_a_hub_that_stays_away_is_given_up_for_another_run(site: Site, pauses: list[float]) -> None:
    site.hub.busy = [(503, {})] * 100
    assert program.main(site.environment()) == 1
    assert len(pauses) == hub_module.ATTEMPTS - 1
    assert max(pauses) <= hub_module.LONGEST_PAUSE
    assert sum(pauses) > 300


def test_a_gated_repository_needs_the_token(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.hub.token = "hub-token"
    assert program.main(site.environment()) == 2
    assert "huggingFaceToken" in caplog.text
    assert program.main(site.environment(HF_TOKEN="hub-token")) == 0
    assert "hub-token" not in caplog.text


def test_a_repository_without_safetensors_is_refused_by_name(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.hub.files = {"config.json": b"{}", "pytorch_model.bin": b"weights"}
    assert program.main(site.environment()) == 2
    assert "there is no model.safetensors: choose a checkpoint in safetensors" in caplog.text
    assert site.stored == {}


@pytest.mark.parametrize("shard", ["pytorch_model.bin", "../other/model.safetensors", "/etc/model.safetensors"])
def test_an_index_that_names_anything_but_own_safetensors_is_refused(
    site: Site, shard: str, caplog: pytest.LogCaptureFixture
) -> None:
    site.hub.files["model.safetensors.index.json"] = json.dumps({"weight_map": {"a": shard}}).encode()
    assert program.main(site.environment()) == 2
    assert f"names {shard!r}" in caplog.text
    assert site.stored == {}


def test_python_files_are_copied_only_where_remote_code_is_allowed(site: Site) -> None:
    assert program.main(site.environment(REMOTE_CODE="1")) == 0
    assert site.stored["modeling_tiny.py"] == FILES["modeling_tiny.py"]
    assert site.stored["SHA256SUMS"] == listing_of({*NEEDED, "modeling_tiny.py"})


def test_the_declared_digest_is_accepted_and_said(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert program.main(site.environment(WEIGHTS_DIGEST=DIGEST)) == 0
    assert f"weights.digest: {DIGEST}" in caplog.text


def test_another_digest_than_the_declared_one_leaves_no_servable_copy(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    declared = f"sha256:{'0' * 64}"
    assert program.main(site.environment(WEIGHTS_DIGEST=declared)) == 2
    assert f"weights.digest is {declared}, and the checkpoint has {DIGEST}" in caplog.text
    assert FIRST in site.stored
    assert not {"config.json", "SHA256SUMS"} & set(site.stored)


def test_a_finished_copy_is_compared_with_a_digest_that_is_declared_later(site: Site) -> None:
    site.preload()
    assert program.main(site.environment(WEIGHTS_DIGEST=f"sha256:{'0' * 64}")) == 2
    assert program.main(site.environment(WEIGHTS_DIGEST=DIGEST)) == 0


def test_the_listing_can_be_made_without_copying_anything(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert list_weights.main(site.environment()) == 0
    assert capsys.readouterr().out.encode() == LISTING
    assert not {FIRST, SECOND} & set(site.hub.served)
    assert site.stored == {}


def test_an_unknown_revision_is_refused(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    assert program.main(site.environment(MODEL_REVISION="c" * 40)) == 2
    assert "check models[].weights" in caplog.text


def test_a_missing_bucket_is_an_error_not_a_traceback(site: Site) -> None:
    assert program.main(site.environment(S3_BUCKET="no-such-bucket")) == 1


def test_a_name_that_needs_quoting_is_asked_for_as_it_is(site: Site) -> None:
    shard = "model part 1#a.safetensors"
    site.hub.files["model.safetensors.index.json"] = json.dumps({"weight_map": {"a": shard}}).encode()
    site.hub.files[shard] = b"weights"
    assert program.main(site.environment()) == 0
    assert site.stored[shard] == b"weights"
