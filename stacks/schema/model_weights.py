"""Where the weights of a model come from, how servers read them, and what they must be."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import Field, field_validator, model_validator

from components.base.model_weights import Delivery
from stacks.schema.base import PositiveInt, SettingsModel

_SOURCES = "huggingFace (with revision), s3, oci or path"
_ED25519_BYTES = 64
_COMMIT = re.compile(r"[0-9a-f]{40}")
_OWN_BUCKET = re.compile(r"s3://models/[\w./-]*[\w.-]")


class SignatureSettings(SettingsModel):
    """A signature of the checkpoint's listing (`SHA256SUMS`)."""

    public_key: str
    """Public key in PEM (`-----BEGIN PUBLIC KEY-----`): Ed25519, or ECDSA whose signatures are over SHA-256."""
    value: str
    """The signature in base64."""

    @field_validator("public_key")
    @classmethod
    def _readable(cls, pem: str) -> str:
        if "PRIVATE KEY" in pem:
            message = "this is a private key, and it is no longer secret: make a new pair and name the public key here"
            raise ValueError(message)
        try:
            key = load_pem_public_key(pem.encode())
        except ValueError:
            key = None
        if not isinstance(key, (Ed25519PublicKey, EllipticCurvePublicKey)):
            message = "no public key in PEM of kind Ed25519 or ECDSA: openssl pkey -in key.pem -pubout prints it"
            raise ValueError(message)
        return pem

    @model_validator(mode="after")
    def _fitting(self) -> SignatureSettings:
        try:
            length = len(base64.b64decode(self.value, validate=True))
        except binascii.Error:
            message = "value: not base64; write it as base64 --wrap=0 prints it"
            raise ValueError(message) from None
        ed25519 = isinstance(load_pem_public_key(self.public_key.encode()), Ed25519PublicKey)
        if ed25519 and length != _ED25519_BYTES:
            message = f"value: {length} bytes, and an Ed25519 signature has {_ED25519_BYTES}: sign SHA256SUMS itself"
            raise ValueError(message)
        return self


class WeightsSettings(SettingsModel):
    """Where the weights come from (exactly one source), and how servers read them."""

    hugging_face: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    """Hugging Face repository (`Qwen/Qwen3-8B`). A job copies it to the object store once; servers read it there."""
    revision: Annotated[str, Field(json_schema_extra={"pattern": "^[0-9a-f]{40}$"})] | None = None
    """Commit of the repository, 40 hexadecimal digits. A branch can move, a commit cannot."""
    s3: Annotated[str, Field(json_schema_extra={"pattern": f"^{_OWN_BUCKET.pattern}$"})] | None = None
    """`s3://models/<prefix>`: a checkpoint that was put into the platform's own bucket for models. `models` stands for
    that bucket, whatever the substrate calls it."""
    oci: Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?/[\w./-]+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$")] | None = (
        None
    )
    """Image that holds the checkpoint in its root, with a tag or a digest. It is mounted read-only."""
    path: Annotated[str, Field(pattern=r"^[a-z0-9][-a-z0-9.]*(/[\w.-]+)*$")] | None = None
    """`<claim>/<folder>`: a folder on an existing PersistentVolumeClaim of namespace models, mounted read-only."""
    delivery: Delivery = "stream"
    """How servers get weights of `huggingFace` and `s3`. `stream`: from the object store straight into the GPUs.
    `node-cache`: every pod first copies them to its node's disk. `shared-volume`: a job copies them once to a volume
    that all nodes mount; needs a `shared` storage class."""
    volume_gib: PositiveInt | None = None
    """Size in GiB of the copy on the node's disk, or of the shared volume; null: from the architecture (1.1 times the
    checkpoint, twice that for a shared volume, which also keeps the version before)."""
    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    """SHA-256 of the checkpoint's listing (`SHA256SUMS`), for `huggingFace` and `s3`; null: not checked. No server
    starts on weights with another digest."""
    signature: SignatureSettings | None = None
    """Signature of the same listing, for `huggingFace` and `s3`; null: not checked."""

    @field_validator("revision")
    @classmethod
    def _commit(cls, revision: str | None) -> str | None:
        if revision and not _COMMIT.fullmatch(revision):
            message = (
                f"{revision!r} is no commit: set its 40 hexadecimal digits, as the repository's page lists them under "
                "Commits; branches and tags can move"
            )
            raise ValueError(message)
        return revision

    @field_validator("s3")
    @classmethod
    def _own_bucket(cls, s3: str | None) -> str | None:
        if s3 and not _OWN_BUCKET.fullmatch(s3):
            message = (
                f"{s3!r} is not s3://models/<prefix>: weights in another bucket are copied into the platform's first "
                "(aws s3 sync), and a prefix has no slash at its end"
            )
            raise ValueError(message)
        return _plain_folders(s3)

    @field_validator("path")
    @classmethod
    def _inside_the_claim(cls, path: str | None) -> str | None:
        return _plain_folders(path)

    @field_validator("oci")
    @classmethod
    def _pinned(cls, oci: str | None) -> str | None:
        if oci and "@" not in oci and (":" not in oci.rsplit("/", 1)[-1] or oci.endswith(":latest")):
            message = f"{oci!r} names no version: add an exact tag or a digest"
            raise ValueError(message)
        return oci

    @model_validator(mode="after")
    def _consistent(self) -> WeightsSettings:
        problem = self._source_problem() or self._delivery_problem() or self._check_problem()
        if problem:
            raise ValueError(problem)
        return self

    def _source_problem(self) -> str | None:
        given = [source for source in (self.hugging_face, self.s3, self.oci, self.path) if source is not None]
        if len(given) != 1:
            return f"set exactly one of {_SOURCES}; {len(given)} are set"
        if self.hugging_face and self.revision is None:
            return (
                f"set revision to a commit of the repository (40 hexadecimal digits, see "
                f"https://huggingface.co/{self.hugging_face}/commits/main)"
            )
        if self.revision and not self.hugging_face:
            return "revision belongs to huggingFace: remove it"
        return None

    def _delivery_problem(self) -> str | None:
        if self._mounted and self.delivery != "stream":
            return (
                f"delivery: {self.delivery} copies weights out of the object store, and {self._mounted} is mounted as "
                "it is: remove delivery"
            )
        if self.volume_gib and self.delivery == "stream":
            return "volumeGib: nothing is copied here: remove it, or set delivery: node-cache or shared-volume"
        return None

    def _check_problem(self) -> str | None:
        key = "digest" if self.digest else "signature" if self.signature else None
        if key and self.oci:
            image = self.oci.partition("@")[0]
            return f"{key}: an image is checked by its own digest: write oci: {image}@sha256:<digest> and remove {key}"
        if key and self.path:
            return f"{key}: files on a claim are not checked: put them into the bucket (s3) or remove {key}"
        return None

    @property
    def _mounted(self) -> str | None:
        """Key of a source that is mounted."""
        return "oci" if self.oci else "path" if self.path else None


def _plain_folders(text: str | None) -> str | None:
    """`text`, whose folders must have names. Raises ValueError for `.`, `..` and empty ones."""
    folders = (text or "x").removeprefix("s3://").split("/")
    if {"", ".", ".."} & set(folders):
        message = f"{text!r} has an empty folder, '.' or '..': write the folders' names"
        raise ValueError(message)
    return text
