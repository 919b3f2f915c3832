from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import ValidationError

from components.base.model_weights import Handling, HuggingFaceWeights, ObjectStoreWeights, Signature
from stacks.schema.model_weights import WeightsSettings
from stacks.schema.models import ModelSettings
from stacks.serving import placed, weights

REVISION = "b968826d9c46dd6066d109eabc6255188de91218"
HUB = {"huggingFace": "Qwen/Qwen3-8B", "revision": REVISION}
S3 = {"s3": "s3://models/own/tuned"}
OCI = {"oci": "registry.example.org/models/tuned:1.0"}
PATH = {"path": "models/tuned"}
DIGEST = f"sha256:{'ab' * 32}"


def pem(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


ED25519 = pem(ed25519.Ed25519PrivateKey.generate())
ECDSA = pem(ec.generate_private_key(ec.SECP256R1()))
RSA = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
PRIVATE = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SIGNATURE = base64.b64encode(bytes(64)).decode()


def settings(**given: Any) -> WeightsSettings:
    return WeightsSettings.model_validate(given)


def refusal(**given: Any) -> str:
    with pytest.raises(ValidationError) as error:
        settings(**given)
    assert error.value.error_count() == 1, error.value
    return str(error.value)


def test_weights_are_streamed_unchecked_unless_more_is_said() -> None:
    found = settings(**HUB)
    assert (found.delivery, found.volume_gib, found.digest, found.signature) == ("stream", None, None, None)


@pytest.mark.parametrize("source", [HUB, S3])
@pytest.mark.parametrize("delivery", ["stream", "node-cache", "shared-volume"])
def test_stored_weights_may_be_delivered_and_checked_in_every_way(source: dict[str, str], delivery: str) -> None:
    found = settings(**source, delivery=delivery, digest=DIGEST, signature={"publicKey": ED25519, "value": SIGNATURE})
    assert found.delivery == delivery


@pytest.mark.parametrize("key", [ED25519, ECDSA], ids=["Ed25519", "ECDSA"])
def test_both_kinds_of_public_keys_are_accepted(key: str) -> None:
    assert settings(**S3, signature={"publicKey": key, "value": SIGNATURE}).signature


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "set exactly one of huggingFace (with revision), s3, oci or path; 0 are set"),
        (HUB | S3, "2 are set"),
        ({"huggingFace": "Qwen/Qwen3-8B"}, "https://huggingface.co/Qwen/Qwen3-8B/commits/main"),
        (HUB | {"revision": "main"}, "'main' is no commit: set its 40 hexadecimal digits"),
        (S3 | {"revision": REVISION}, "revision belongs to huggingFace: remove it"),
        ({"s3": "s3://somebody-else/tuned"}, "weights in another bucket are copied into the platform's first"),
        ({"s3": "s3://models/tuned/"}, "a prefix has no slash at its end"),
        ({"s3": "s3://models/../other"}, "'.' or '..'"),
        ({"path": "models/../../etc"}, "'.' or '..'"),
        ({"oci": "registry.example.org/models/tuned"}, "names no version: add an exact tag or a digest"),
        ({"oci": "registry.example.org/models/tuned:latest"}, "names no version"),
        (HUB | {"delivery": "copy"}, "'stream', 'node-cache' or 'shared-volume'"),
        (OCI | {"delivery": "node-cache"}, "oci is mounted as it is: remove delivery"),
        (PATH | {"delivery": "shared-volume"}, "path is mounted as it is: remove delivery"),
        (HUB | {"volumeGib": 100}, "volumeGib: nothing is copied here: remove it, or set delivery: node-cache"),
        (HUB | {"delivery": "node-cache", "volumeGib": 0}, "greater than or equal to 1"),
        (HUB | {"digest": "ab" * 32}, "digest"),
        (
            OCI | {"digest": DIGEST},
            "write oci: registry.example.org/models/tuned:1.0@sha256:<digest> and remove digest",
        ),
        (PATH | {"digest": DIGEST}, "digest: files on a claim are not checked: put them into the bucket (s3)"),
        (
            OCI | {"signature": {"publicKey": ED25519, "value": SIGNATURE}},
            "signature: an image is checked by its own digest",
        ),
        (S3 | {"signature": {"publicKey": RSA, "value": SIGNATURE}}, "no public key in PEM of kind Ed25519 or ECDSA"),
        (S3 | {"signature": {"publicKey": "key", "value": SIGNATURE}}, "openssl pkey -in key.pem -pubout"),
        (S3 | {"signature": {"publicKey": ED25519, "value": "not base64!"}}, "value: not base64"),
        (S3 | {"signature": {"publicKey": ED25519, "value": "c2hvcnQ="}}, "5 bytes, and an Ed25519 signature has 64"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_mending(given: dict[str, Any], words: str) -> None:
    assert words in refusal(**given)


def test_a_private_key_is_refused_as_lost() -> None:
    message = refusal(**S3, signature={"publicKey": PRIVATE, "value": SIGNATURE})
    assert "no longer secret: make a new pair" in message


def model(**given: Any) -> ModelSettings:
    return ModelSettings.model_validate(
        {"name": "tuned", "task": "chat", "weights": given, "maxModelLen": 4096, "gpu": {"pool": "l40s"}}
    )


def test_the_settings_reach_the_component() -> None:
    given = {"delivery": "node-cache", "volumeGib": 40, "digest": DIGEST}
    handling = Handling(
        delivery="node-cache",
        volume_gib=40,
        digest=DIGEST,
        signature=Signature(public_key=ED25519, value=SIGNATURE),
    )
    signature = {"publicKey": ED25519, "value": SIGNATURE}
    assert weights(model(**HUB, **given, signature=signature)) == HuggingFaceWeights(
        repository="Qwen/Qwen3-8B", revision=REVISION, handling=handling
    )
    assert weights(model(**S3, **given, signature=signature)) == ObjectStoreWeights(
        prefix="own/tuned", handling=handling
    )


def test_only_copies_on_the_node_count_against_its_disk() -> None:
    taken = {
        delivery: placed(model(**HUB, delivery=delivery)).disk_gib
        for delivery in ("stream", "node-cache", "shared-volume")
    }
    assert taken["stream"] == taken["shared-volume"] == 0
    assert taken["node-cache"] > 16
    assert placed(model(**HUB, delivery="node-cache", volumeGib=500)).disk_gib > 500
