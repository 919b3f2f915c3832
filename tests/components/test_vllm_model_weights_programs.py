"""The programs that copy a checkpoint out of the bucket and check it there, against an S3 server on loopback."""

from __future__ import annotations

import ast
import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ResponseStreamingError
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from components.vllm_model.weights.programs import programs_data
from components.vllm_model.weights.scripts import check_weights, copying, fetch_weights, store
from tests.components.weights_site import (
    DIGEST,
    FILES,
    FIRST,
    LISTING,
    NEEDED,
    PREFIX,
    SECOND,
    Site,
    listing_of,
    s3_server,
    site_on,
)

WRONG = f"sha256:{'0' * 64}"
IN_THE_IMAGE = {"boto3", "botocore", "cryptography", "httpx"}


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def site(s3_address: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Site]:
    monkeypatch.setattr(copying.time, "sleep", lambda seconds: None)
    with site_on(s3_address, request.node.nodeid, monkeypatch) as made:
        made.preload()
        yield made


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    return tmp_path / "weights"


def fetching(site: Site, volume: Path, folder: str = "copy", **changes: str) -> dict[str, str]:
    return site.environment(WEIGHTS_TARGET=str(volume / folder), VOLUME_GIB="1", **changes)


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".complete"
    }


def parts_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose parts are read from now on."""
    names: list[str] = []
    read = store.Bucket.part

    def counted(bucket: store.Bucket, name: str, start: int, stop: int) -> Iterator[bytes]:
        names.append(name)
        return read(bucket, name, start, stop)

    monkeypatch.setattr(store.Bucket, "part", counted)
    return names


def breaking(monkeypatch: pytest.MonkeyPatch, name: str, times: int) -> None:
    """Parts of file `name` break after a few bytes, so often."""
    left = [times]
    read = store.Bucket.part

    def broken(bucket: store.Bucket, asked: str, start: int, stop: int) -> Iterator[bytes]:
        if asked == name and left[0]:
            left[0] -= 1
            if left[0] % 2:
                yield next(iter(read(bucket, asked, start, start + 3)))
            raise ResponseStreamingError(error="connection broken")
        yield from read(bucket, asked, start, stop)

    monkeypatch.setattr(store.Bucket, "part", broken)


def test_a_copy_has_exactly_the_files_that_a_server_needs(site: Site, volume: Path) -> None:
    assert fetch_weights.main(fetching(site, volume)) == 0
    assert files_in(volume / "copy") == {name: FILES[name] for name in NEEDED}
    assert [each.name for each in volume.iterdir()] == ["copy"]


def test_large_files_are_put_together_from_their_parts(
    site: Site, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PART", 100_001)
    read = parts_read(monkeypatch)
    assert fetch_weights.main(fetching(site, volume)) == 0
    assert read.count(FIRST) == -(-len(FILES[FIRST]) // 100_001)
    assert files_in(volume / "copy")[FIRST] == FILES[FIRST]


def test_a_second_run_copies_nothing(site: Site, volume: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fetch_weights.main(fetching(site, volume)) == 0
    read = parts_read(monkeypatch)
    assert fetch_weights.main(fetching(site, volume)) == 0
    assert read == []


def test_a_part_whose_connection_breaks_is_taken_up_where_it_broke(
    site: Site, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, FIRST, 4)
    assert fetch_weights.main(fetching(site, volume)) == 0
    assert files_in(volume / "copy")[FIRST] == FILES[FIRST]


def test_an_interrupted_copy_stays_invisible_and_is_taken_up_file_by_file(
    site: Site, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # One file after the other, so that it is known which ones are there when the second fails.
        patch.setattr(copying, "FILES_AT_ONCE", 1)
        patch.setattr(copying, "ATTEMPTS", 2)
        breaking(patch, SECOND, 1_000_000)
        assert fetch_weights.main(fetching(site, volume)) == 1
    assert not (volume / "copy").exists()
    read = parts_read(monkeypatch)
    assert fetch_weights.main(fetching(site, volume)) == 0
    assert SECOND in read
    assert FIRST not in read
    assert files_in(volume / "copy") == {name: FILES[name] for name in NEEDED}


def test_what_an_interrupted_copy_left_is_compared_before_it_is_kept(site: Site, volume: Path) -> None:
    left = volume / "copy.partial" / "tokenizer.json"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"[]")
    assert fetch_weights.main(fetching(site, volume)) == 0
    assert files_in(volume / "copy")["tokenizer.json"] == FILES["tokenizer.json"]


def test_a_file_that_is_not_the_listed_one_is_refused(
    site: Site, volume: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site.put(FIRST, FILES[FIRST][:-1] + b"!")
    assert fetch_weights.main(fetching(site, volume)) == 2
    assert f"{FIRST} of s3://" in caplog.text
    assert not (volume / "copy").exists()


def test_nothing_is_copied_of_a_checkpoint_with_another_digest(
    site: Site, volume: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert fetch_weights.main(fetching(site, volume, WEIGHTS_DIGEST=WRONG)) == 2
    assert f"weights.digest is {WRONG}, and the checkpoint has {DIGEST}" in caplog.text
    assert not volume.exists()
    assert fetch_weights.main(fetching(site, volume, WEIGHTS_DIGEST=DIGEST)) == 0


@pytest.mark.parametrize("program", [fetch_weights.main, check_weights.main])
def test_a_declared_digest_needs_a_listing(site: Site, volume: Path, program, caplog: pytest.LogCaptureFixture) -> None:
    site.remove("SHA256SUMS")
    assert program(fetching(site, volume, WEIGHTS_DIGEST=DIGEST)) == 2
    assert "there is no SHA256SUMS beside the weights" in caplog.text


def test_without_a_listing_files_are_copied_as_they_are(
    site: Site, volume: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    site.remove("SHA256SUMS")
    assert fetch_weights.main(fetching(site, volume)) == 0
    assert files_in(volume / "copy") == {name: FILES[name] for name in NEEDED}
    assert "not compared" in caplog.text


def test_a_volume_that_is_too_small_is_named_with_both_sizes(
    site: Site, volume: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert fetch_weights.main(fetching(site, volume) | {"VOLUME_GIB": "0.001"}) == 2
    assert "its volume 0.001 GiB: set weights.volumeGib to 1 or more" in caplog.text
    assert not (volume / "copy").exists()


def test_a_full_disk_is_seen_before_the_copy(
    site: Site, volume: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Full:
        free = 0

    monkeypatch.setattr(copying.shutil, "disk_usage", lambda path: Full)
    read = parts_read(monkeypatch)
    assert fetch_weights.main(fetching(site, volume)) == 1
    assert "0.0 GiB are free" in caplog.text
    assert read == []


def test_a_volume_keeps_the_checkpoint_that_was_in_use_last(site: Site, volume: Path) -> None:
    for folder in ("first", "second"):
        assert fetch_weights.main(fetching(site, volume, folder)) == 0
    (volume / "lost+found").mkdir(mode=0)
    (volume / "other.partial").mkdir()
    # A rollback makes the first one the one in use.
    os.utime(volume / "first" / ".complete", (1, 1))
    assert fetch_weights.main(fetching(site, volume, "first")) == 0
    assert fetch_weights.main(fetching(site, volume, "third")) == 0
    assert {each.name for each in volume.iterdir()} == {"first", "third", "lost+found"}


def test_a_prefix_whose_content_changed_is_refused_while_servers_may_read_the_copy(
    site: Site, volume: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert fetch_weights.main(fetching(site, volume)) == 0
    site.put("tokenizer.json", b'{"new": 1}')
    site.remove("SHA256SUMS")
    assert fetch_weights.main(fetching(site, volume)) == 2
    assert "under a new prefix" in caplog.text
    assert files_in(volume / "copy")["tokenizer.json"] == FILES["tokenizer.json"]


def test_pickle_files_alone_are_refused(site: Site, volume: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in (FIRST, SECOND, "model.safetensors.index.json", "SHA256SUMS"):
        site.remove(name)
    site.put("pytorch_model.bin", b"weights")
    assert fetch_weights.main(fetching(site, volume)) == 2
    assert "pickle files are not served" in caplog.text


def test_a_listing_that_leads_out_of_its_folder_is_refused(
    site: Site, volume: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site.put("SHA256SUMS", LISTING + f"{'0' * 64}  ../other/config.json\n".encode())
    assert fetch_weights.main(fetching(site, volume)) == 2
    assert f"SHA256SUMS, line {len(NEEDED) + 1} is not" in caplog.text


def test_the_declared_checkpoint_may_be_streamed(site: Site) -> None:
    assert check_weights.main(site.environment(WEIGHTS_DIGEST=DIGEST)) == 0


def test_a_checkpoint_with_another_digest_may_not_be_streamed(site: Site) -> None:
    assert check_weights.main(site.environment(WEIGHTS_DIGEST=WRONG)) == 2


def test_a_missing_shard_may_not_be_streamed(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.remove(SECOND)
    assert check_weights.main(site.environment(WEIGHTS_DIGEST=DIGEST)) == 2
    assert f"there is no {SECOND}" in caplog.text


@pytest.mark.parametrize("name", ["zzz.safetensors", "modeling_tiny.py", "generation_config.json"])
def test_a_file_that_nobody_listed_may_not_be_streamed(site: Site, name: str, caplog: pytest.LogCaptureFixture) -> None:
    site.put(name, b"anything")
    assert check_weights.main(site.environment(WEIGHTS_DIGEST=DIGEST)) == 2
    assert f"does not list: {name}" in caplog.text


def test_an_object_whose_writer_noted_another_hash_may_not_be_streamed(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.client.put_object(
        Bucket=site.bucket, Key=f"{PREFIX}/{FIRST}", Body=FILES[FIRST], Metadata={"sha256": "f" * 64}
    )
    assert check_weights.main(site.environment(WEIGHTS_DIGEST=DIGEST)) == 2
    assert f"{FIRST} is not the file" in caplog.text


def test_objects_without_a_note_are_said_to_be_checked_by_name_only(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.put(FIRST, b"put there by hand")
    assert check_weights.main(site.environment(WEIGHTS_DIGEST=DIGEST)) == 0
    assert "1 objects were stored without a note" in caplog.text


def ed25519_signature(content: bytes) -> dict[str, str]:
    key = ed25519.Ed25519PrivateKey.generate()
    return signed(key.public_key(), key.sign(content))


def ecdsa_signature(content: bytes) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    return signed(key.public_key(), key.sign(content, ec.ECDSA(SHA256())))


def signed(public_key, signature: bytes) -> dict[str, str]:
    return {
        "WEIGHTS_PUBLIC_KEY": public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "WEIGHTS_SIGNATURE": base64.b64encode(signature).decode(),
    }


@pytest.mark.parametrize("sign", [ed25519_signature, ecdsa_signature])
@pytest.mark.parametrize("program", [fetch_weights.main, check_weights.main])
def test_only_a_listing_that_was_signed_with_the_key_is_accepted(
    site: Site, volume: Path, sign, program, caplog: pytest.LogCaptureFixture
) -> None:
    assert program(fetching(site, volume, **sign(LISTING))) == 0
    assert program(fetching(site, volume, **sign(listing_of({"config.json"})))) == 2
    assert "weights.signature does not fit" in caplog.text


def test_the_programs_need_nothing_that_the_image_lacks() -> None:
    for name, text in programs_data().items():
        for node in ast.walk(ast.parse(text)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                if node.level:
                    assert f"{node.module}.py" in programs_data(), name
                    continue
                modules = [node.module or ""]
            for module in modules:
                package = module.split(".")[0]
                assert package in sys.stdlib_module_names or package in IN_THE_IMAGE, f"{name} imports {module}"


@pytest.mark.parametrize("program", ["preload_weights", "fetch_weights", "check_weights"])
def test_the_programs_run_from_their_config_map_as_the_pod_starts_them(
    site: Site, tmp_path: Path, program: str
) -> None:
    package = tmp_path / "programs" / "scripts"
    package.mkdir(parents=True)
    for name, text in programs_data().items():
        (package / name).write_text(text, "utf-8")
    keys = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    environment = fetching(site, tmp_path / "weights", WEIGHTS_DIGEST=DIGEST) | keys
    command = [sys.executable, "-m", f"scripts.{program}"]
    done = subprocess.run(
        command, cwd=package.parent, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert PREFIX in done.stdout or "copy" in done.stdout
