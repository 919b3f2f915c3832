"""A real Keycloak on loopback, and a browser and an administrator that talk to it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import os
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

PUBLIC_HOST = "auth.ai.example.org"
INSIDE_HOST = "keycloak.identity.svc.cluster.local:8080"
ADMIN = ("bootstrap-admin", "test-admin-password")
START_SECONDS = 240


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: str

    @property
    def location(self) -> str | None:
        return {name.lower(): value for name, value in self.headers}.get("location")

    def json(self) -> Any:
        return json.loads(self.body)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class KeycloakProcess:
    """Keycloak in development mode with its own database in memory, configured at the addresses of the platform."""

    home: Path
    folder: Path
    port: int = field(default_factory=free_port)
    management_port: int = field(default_factory=free_port)

    def start(self) -> None:
        copy = self.folder / "keycloak"
        shutil.copytree(self.home, copy, symlinks=True)
        settings = {
            "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN[0],
            "KC_BOOTSTRAP_ADMIN_PASSWORD": ADMIN[1],
            "KC_DB": "dev-mem",
            "KC_HTTP_HOST": "127.0.0.1",
            "KC_HTTP_PORT": str(self.port),
            "KC_HTTP_MANAGEMENT_PORT": str(self.management_port),
            "KC_HTTP_ENABLED": "true",
            "KC_HEALTH_ENABLED": "true",
            "KC_HOSTNAME": f"https://{PUBLIC_HOST}",
            "KC_HOSTNAME_BACKCHANNEL_DYNAMIC": "true",
            "KC_PROXY_HEADERS": "xforwarded",
        }
        self._log = self.folder / "keycloak.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [copy / "bin" / "kc.sh", "start-dev"],
                env=os.environ | settings,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if send(self.management_port, "GET", "/health/ready").status == 200:
                    return
            except OSError:
                pass
            time.sleep(1)
        message = f"Keycloak did not start:\n{self._log.read_text()[-3000:]}"
        raise AssertionError(message)

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def admin(self, method: str, path: str, body: Any = None) -> Reply:
        """One call of the administration API."""
        form = {"grant_type": "password", "client_id": "admin-cli", "username": ADMIN[0], "password": ADMIN[1]}
        granted = send(self.port, "POST", "/realms/master/protocol/openid-connect/token", form=form)
        headers = {"Authorization": f"Bearer {granted.json()['access_token']}", "Content-Type": "application/json"}
        return send(self.port, method, f"/admin{path}", content=json.dumps(body) if body else None, headers=headers)


def send(
    port: int,
    method: str,
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    content: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    address = urlsplit(url)
    sent = {"Host": INSIDE_HOST, **(headers or {})}
    if form is not None:
        content = urlencode(form)
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, f"{address.path}?{address.query}", content, sent)
        answer = connection.getresponse()
        return Reply(status=answer.status, headers=answer.getheaders(), body=answer.read().decode())
    finally:
        connection.close()


@dataclass
class Browser:
    """Follows redirects on the public host only, keeps cookies, and comes through the edge proxy."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict[str, str])

    def open(self, url: str) -> Reply:
        return self._follow(self._send("GET", url))

    def submit(self, page: Reply, **fields: str) -> Reply:
        """Fill in the form of `page`."""
        action = re.search(r'<form[^>]*action="([^"]+)"', page.body)
        assert action, page.body[:2000]
        hidden = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page.body))
        return self._follow(self._send("POST", html.unescape(action[1]), {**hidden, **fields}))

    def _follow(self, reply: Reply) -> Reply:
        while reply.location and urlsplit(reply.location).hostname == PUBLIC_HOST:
            reply = self._send("GET", reply.location)
        return reply

    def _send(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Reply:
        headers = {
            "Host": PUBLIC_HOST,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "203.0.113.9",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        reply = send(self.port, method, url, form=form, headers=headers)
        for name, value in reply.headers:
            if name.lower() == "set-cookie":
                cookie, content = value.split(";")[0].split("=", 1)
                self.cookies.pop(cookie, None)
                if "Max-Age=0" not in value:
                    self.cookies[cookie] = content
        return reply


@dataclass
class SignIn:
    """One sign-in of an application's user: authorization code with PKCE."""

    port: int
    realm: str
    client_id: str
    callback: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(40))

    def __post_init__(self) -> None:
        self.browser = Browser(self.port)

    @property
    def _endpoint(self) -> str:
        return f"/realms/{self.realm}/protocol/openid-connect"

    def start(self, **changes: str) -> Reply:
        """Open the page that the application sends people to."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "response_type": "code",
            "scope": "openid",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        wanted = {name: value for name, value in (query | changes).items() if value}
        return self.browser.open(f"{self._endpoint}/auth?{urlencode(wanted)}")

    def password(self, username: str, password: str) -> Reply:
        return self.browser.submit(self.start(), username=username, password=password)

    def tokens(self, returned: Reply, secret: str) -> dict[str, Any]:
        """Trade the code that `returned` brings back to the application, inside the cluster."""
        assert returned.location is not None
        assert returned.location.startswith(self.callback)
        form = {
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(returned.location).query)["code"][0],
            "redirect_uri": self.callback,
            "client_id": self.client_id,
            "client_secret": secret,
            "code_verifier": self.verifier,
        }
        reply = send(self.port, "POST", f"{self._endpoint}/token", form=form)
        assert reply.status == 200, reply.body
        return reply.json()


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def one_time_password(secret: str) -> str:
    """RFC 6238, six digits, now. `secret` is base32, in groups as people read it."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.new(key, struct.pack(">Q", int(time.time() // 30)), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"
