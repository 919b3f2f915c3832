"""A realm for tests: its keys, the tokens it signs, and the address that publishes the public halves."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.live.loopback import serving

JWKS_PATH = "/realms/ai-platform/protocol/openid-connect/certs"
TOKEN_PATH = "/realms/ai-platform/protocol/openid-connect/token"
UNUSABLE_KEYS = (
    {"kty": "RSA", "use": "enc", "alg": "RSA-OAEP", "kid": "for-encryption", "n": "AQAB", "e": "AQAB"},
    {"kty": "AKP", "use": "sig", "alg": "ML-DSA-65", "kid": "of-a-kind-to-come", "pub": "AQAB"},
)
"""A realm publishes keys that sign nothing, and one day keys of a kind that a verifier does not know."""


@dataclass
class Realm:
    """`keys` are those that it publishes, by key id; the first one signs unless another is named."""

    issuer: str
    audience: str
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=lambda: {"first": new_key()})
    person_roles: list[str] = field(default_factory=lambda: ["user"])

    def jwks(self) -> dict[str, Any]:
        return {"keys": [*UNUSABLE_KEYS, *(_public(name, key) for name, key in self.keys.items())]}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of an access token as the realm makes them; None takes a claim out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": "5f2b7c1e-0000-4000-8000-000000000001",
            "iat": now,
            "exp": now + 300,
            "typ": "Bearer",
            "azp": "api",
            "groups": ["research"],
            "roles": ["user"],
            "preferred_username": "ada",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign_in(self) -> dict[str, Any]:
        """What a code is traded for: the ID token has the roles `person_roles`."""
        identity = self.token(aud="gateway", typ="ID", roles=self.person_roles)
        return {"access_token": self.token(), "id_token": identity, "token_type": "Bearer", "expires_in": 300}

    def token(self, *, signed_by: str | None = None, **changes: Any) -> str:
        name = signed_by or next(iter(self.keys))
        return signed(self.claims(**changes), name, self.keys[name])


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def signed(claims: dict[str, Any], name: str, key: rsa.RSAPrivateKey) -> str:
    """A token signed with RS256."""
    text = _head(claims, {"alg": "RS256", "typ": "JWT", "kid": name})
    return f"{text}.{_encoded(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def unsigned(claims: dict[str, Any], name: str) -> str:
    """A token that says it needs no signature."""
    return f"{_head(claims, {'alg': 'none', 'typ': 'JWT', 'kid': name})}."


def signed_with_the_public_key(claims: dict[str, Any], name: str, key: rsa.RSAPrivateKey) -> str:
    """A token whose secret is the public key, for verifiers that let the token choose the algorithm."""
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = _head(claims, {"alg": "HS256", "typ": "JWT", "kid": name})
    mac = hmac.HMAC(public, hashes.SHA256())
    mac.update(text.encode())
    return f"{text}.{_encoded(mac.finalize())}"


@contextmanager
def published(realm: Realm) -> Generator[str]:
    """Serve the realm's public keys, and its tokens for any code; yields host:port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(realm.jwks() if self.path == JWKS_PATH else None)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self._answer(realm.sign_in() if self.path == TOKEN_PATH else None)

        def _answer(self, found: dict[str, Any] | None) -> None:
            content = json.dumps(found or {}).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            return

    with serving(Handler) as address:
        yield address


def _head(claims: dict[str, Any], header: dict[str, str]) -> str:
    return f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _public(name: str, key: rsa.RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": name, "n": _number(numbers.n), "e": _number(numbers.e)}
