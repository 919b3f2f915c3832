"""The real Envoy with the rules of a rendered gateway, in front of a server that says what reached it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx

from components.base.handles import LoadBalancer
from components.inference_gateway.edge_limits import EdgeLimits
from tests.components.gateway_program import api_tokens, build_gateway, sign_in
from tests.live.loopback import serving
from tests.live.tokens import Realm, published
from tools.servers.envoy_edge import EdgeAddresses, envoy
from tools.servers.processes import ServerProcess
from tools.servers.self_signed import self_signed
from tools.simulator.ports import LOOPBACK, free_port

DOMAIN = "ai.example.org"
API = f"api.{DOMAIN}"
CONSOLE = f"console.{DOMAIN}"
_KINDS = (
    *("Gateway", "EnvoyProxy", "ClientTrafficPolicy", "BackendTrafficPolicy", "SecurityPolicy"),
    *("HTTPRoute", "HTTPRouteFilter"),
)
DEFAULTS = EdgeLimits()


@dataclass(frozen=True, kw_only=True)
class RunningEdge:
    """A running edge. `realm` signs the tokens that it accepts."""

    process: ServerProcess
    addresses: EdgeAddresses
    realm: Realm
    authority: Path

    def client(self, host: str = API, **more: Any) -> httpx.Client:
        """A client that names `host` in the handshake and in the request, and trusts the edge's certificate."""
        transport = httpx.HTTPTransport(verify=ssl.create_default_context(cafile=self.authority))
        return httpx.Client(
            base_url=f"https://{LOOPBACK}:{self.addresses.https}",
            headers={"Host": host},
            transport=_Named(transport, host),
            timeout=30,
            **more,
        )

    def get(self, path: str = "/v1/models", *, host: str = API, **headers: str) -> httpx.Response:
        """One request. `headers` by name, with `_` for `-`."""
        with self.client(host) as client:
            return client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


class _Named(httpx.BaseTransport):
    """Names the host in the TLS handshake while connecting to loopback."""

    def __init__(self, transport: httpx.HTTPTransport, host: str) -> None:
        self._transport, self._host = transport, host

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": self._host}
        return self._transport.handle_request(request)

    def close(self) -> None:
        self._transport.close()


@contextmanager
def running_edge(
    folder: Path,
    limits: EdgeLimits = DEFAULTS,
    load_balancer: LoadBalancer | None = None,
    rate_limit: str | None = None,
) -> Generator[RunningEdge]:
    """An edge in front of a stand-in of LiteLLM. It counts for itself alone without `rate_limit`, the address of the
    service that counts for all proxies."""
    gateway_changes = {"load_balancer": load_balancer} if load_balancer else {}
    built = build_gateway(gateway_changes, api_tokens=api_tokens, console_sign_in=sign_in, edge_limits=limits)
    objects = [item for kind in _KINDS for item in built.objects(kind)]
    with running_edge_of(folder, objects, rate_limit) as running:
        yield running


@contextmanager
def running_edge_of(
    folder: Path, objects: Sequence[Mapping[str, Any]], rate_limit: str | None = None
) -> Generator[RunningEdge]:
    """An edge of rendered `objects`, whose domain must be `DOMAIN`; the rest as of `running_edge`."""
    tokens = api_tokens()
    realm = Realm(issuer=tokens.issuer_url, audience=tokens.audience)
    certificate, key = self_signed(folder, API, CONSOLE)
    with ExitStack() as stack:
        inside = {
            "litellm:4000": stack.enter_context(echo()),
            "keycloak.identity.svc.cluster.local:8080": stack.enter_context(published(realm)),
        }
        ports: list[int] = []
        for _ in range(3):
            ports.append(free_port(ports))
        addresses = EdgeAddresses(http=ports[0], https=ports[1], admin=ports[2], inside=inside, rate_limit=rate_limit)
        process = stack.enter_context(envoy(folder, objects, addresses, certificate=certificate, key=key))
        yield RunningEdge(process=process, addresses=addresses, realm=realm, authority=certificate)


@contextmanager
def echo() -> Generator[str]:
    """A server that answers every request with its path, headers and size; yields host:port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            size = len(self.rfile.read(int(self.headers.get("content-length", 0))))
            seen: Mapping[str, Any] = {
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "size": size,
            }
            content = json.dumps(seen).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 # the name that http.server calls

        def log_message(self, *arguments: Any) -> None:
            return

    with serving(Handler) as address:
        yield address
