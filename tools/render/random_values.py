"""Values of random resources. A render draws them from the URN, so that it is the same every time; a rehearsal keeps
values that were really drawn at random."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable

RandomSource = Callable[[str, int], bytes]
"""Given a URN and a number of bytes, returns that many bytes: the same for the same URN."""

_LETTERS = string.ascii_letters + string.digits
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"


def deterministic(urn: str, length: int) -> bytes:
    """Bytes derived from the URN alone. Good for names and redacted values, worthless as a secret."""
    return hashlib.shake_256(urn.encode()).digest(length)


def password(urn: str, inputs: dict[str, object], source: RandomSource) -> str:
    """A password of `inputs.length` characters from the alphabet that the inputs ask for (pulumi-random semantics)."""
    length = int(str(inputs["length"]))
    alphabet = _LETTERS
    if inputs.get("special", True):
        alphabet += str(inputs.get("overrideSpecial") or _SPECIAL)
    # Four bytes a character keep the bias of the modulo below 2**-25.
    raw = source(urn, 4 * length)
    return "".join(
        alphabet[int.from_bytes(raw[4 * index : 4 * index + 4], "big") % len(alphabet)] for index in range(length)
    )
