"""What belongs to a checkpoint, its listing, and the comparison of the listing with what was declared.

A listing is what `sha256sum` prints: a line `<SHA-256>  <path>` per file, sorted by path byte by byte. It lies beside
the weights as SHA256SUMS. A checkpoint's digest is the SHA-256 of its listing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

LISTING = "SHA256SUMS"
INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
LAST = "config.json"
WEIGHTS = ".safetensors"
CODE = ".py"
SMALL_FILES = (".json", ".txt", ".model", ".tiktoken", ".jinja")
GIBIBYTE = 2**30

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


class CheckpointError(Exception):
    """The checkpoint cannot be used, and trying again would not help; the message says why and what to do."""


def select(names: Collection[str], index: Mapping[str, Any] | None, *, code: bool) -> list[str]:
    """What a model server needs of the files called `names`, `config.json` last.

    The shards that the index names (repositories also hold the same weights in other formats and sizes, and the server
    would read them all), the small files of the top folder, and the configurations of sentence-transformers' modules.
    `code`: the Python files of the top folder too. Weights in pickle files are refused: loading them runs code.
    """
    shards = sorted(set(index["weight_map"].values())) if index else [SINGLE]
    for name in shards:
        if not (is_plain(name) and name.endswith(WEIGHTS)):
            message = f"{INDEX} names {name!r}: only safetensors of the checkpoint itself are served"
            raise CheckpointError(message)
    missing = [name for name in (*shards, LAST) if name not in names]
    if missing:
        message = f"there is no {', '.join(missing)}: choose a checkpoint in safetensors (pickle files are not served)"
        raise CheckpointError(message)
    small = sorted(name for name in names if _is_small_file(name, code=code) and name != LAST)
    return [*shards, *small, LAST]


def is_read(name: str) -> bool:
    """Whether a server that finds a file called `name` may read it."""
    return name.endswith((WEIGHTS, CODE, *SMALL_FILES))


def is_plain(name: str) -> bool:
    """Whether `name` stays inside of its folder, and `sha256sum` would print it as it is."""
    return not {"", ".", ".."} & set(name.split("/")) and "\\" not in name and name.isprintable()


def listing_of(digests: Mapping[str, str]) -> bytes:
    """The listing of files whose SHA-256 are `digests`, by path."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()


def read_listing(listing: bytes) -> dict[str, str]:
    """SHA-256 by path. Raises CheckpointError for what is no listing, or one that leads out of its folder."""
    digests: dict[str, str] = {}
    for number, line in enumerate(listing.decode(errors="replace").splitlines(), start=1):
        matched = _LINE.fullmatch(line)
        if not matched or not is_plain(matched[2]):
            message = f"{LISTING}, line {number} is not '<SHA-256>  <path>': write it as sha256sum prints it"
            raise CheckpointError(message)
        digests[matched[2]] = matched[1]
    return digests


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What the stack file says about the listing; empty where it says nothing."""

    digest: str = ""
    public_key: str = ""
    signature: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Declared:
        """From WEIGHTS_DIGEST, WEIGHTS_PUBLIC_KEY and WEIGHTS_SIGNATURE."""
        return cls(
            digest=environment.get("WEIGHTS_DIGEST", ""),
            public_key=environment.get("WEIGHTS_PUBLIC_KEY", ""),
            signature=environment.get("WEIGHTS_SIGNATURE", ""),
        )

    def __bool__(self) -> bool:
        return bool(self.digest or self.signature)

    def verify(self, listing: bytes | None) -> None:
        """Raise CheckpointError unless `listing` is the declared one. Nothing declared, nothing compared."""
        if not self:
            return
        if listing is None:
            message = f"there is no {LISTING} beside the weights to compare with weights.digest: put it there"
            raise CheckpointError(message)
        found = f"sha256:{hashlib.sha256(listing).hexdigest()}"
        if self.digest and found != self.digest:
            message = f"weights.digest is {self.digest}, and the checkpoint has {found}: it is not the one declared"
            raise CheckpointError(message)
        if self.signature and not _is_signed(listing, self.public_key, base64.b64decode(self.signature)):
            message = f"weights.signature does not fit {LISTING} ({found}): other weights, another key or a wrong value"
            raise CheckpointError(message)


def _is_signed(content: bytes, public_key: str, signature: bytes) -> bool:
    # Here, so that whoever checks no signature needs no such library. The vLLM image has it with the Azure streamer.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    key = load_pem_public_key(public_key.encode())
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, content)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, content, ec.ECDSA(SHA256()))
            return True
    except InvalidSignature:
        return False
    message = "weights.signature.publicKey is neither Ed25519 nor ECDSA"
    raise CheckpointError(message)


def _is_small_file(name: str, *, code: bool) -> bool:
    if not is_plain(name):
        return False
    folder, _, base = name.rpartition("/")
    if folder:
        return base == LAST and "/" not in folder
    return name.endswith((*SMALL_FILES, CODE) if code else SMALL_FILES)
