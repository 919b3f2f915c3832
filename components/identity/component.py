"""Identity: one sign-on for people, with a second factor for those who administer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base import labels, peers, pins
from components.base.capabilities import provides
from components.base.oidc import OidcClient, TokenIssuer
from components.base.wiring import External, Workload
from components.identity import clients, config_job, keycloak, route
from components.identity.api_client import token_issuer
from components.identity.arguments import IdentityArgs
from components.identity.directory import BIND_PASSWORD_VARIABLE
from components.identity.realm import realm_representation
from components.identity.server_environment import (
    ADMIN_PASSWORD_KEY,
    ADMIN_USERNAME_KEY,
    DATABASE_PASSWORD_KEY,
    KeycloakServer,
)

if TYPE_CHECKING:
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

TYPE = "ai-platform:identity:Identity"
BOOTSTRAP_ADMIN = "bootstrap-admin"
SECRET_LENGTH = 40
"""Characters of a generated secret, letters and digits."""


class Identity(pulumi.ComponentResource):
    """Keycloak, its realm, and the clients of the platform's consoles.

    `clients` are keyed by client id (`gateway`, `grafana`). `api_tokens` are the access tokens of the API.
    `issuer_url` is the `iss` of every token, `host` the public host name, `realm` the name of the realm. `configured`
    is the Job after which people can sign in.
    """

    clients: Mapping[str, OidcClient]
    api_tokens: TokenIssuer
    issuer_url: str
    host: str
    realm: str
    configured: pulumi.Resource

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        args.check()
        self._prefix, self._args = name, args
        self.host, self.realm = route.auth_host(args.platform.domain), args.realm.name
        public_url = f"https://{self.host}"
        realm_clients = clients.platform_clients(args.platform.domain)
        secrets = {client.client_id: self._random(f"{client.client_id}-client-secret") for client in realm_clients}
        admin = self._secret(
            "admin", {ADMIN_USERNAME_KEY: BOOTSTRAP_ADMIN, ADMIN_PASSWORD_KEY: self._random("admin-password")}
        )
        server = self._server(public_url, admin)
        variables = {client.secret_variable: secrets[client.client_id] for client in realm_clients}
        self.configured = self._configuration(realm_clients, variables, admin, server)
        self._route(server)
        self._declare_connections()
        self.clients = {
            client.client_id: clients.oidc_client(client, secrets[client.client_id], public_url, self.realm)
            for client in realm_clients
        }
        self.api_tokens = token_issuer(public_url, self.realm)
        self.issuer_url = self.api_tokens.issuer_url
        self.register_outputs({"issuerUrl": self.issuer_url, "host": self.host, "realm": self.realm})

    def _server(self, public_url: str, admin: k8s.core.v1.Secret) -> k8s.apps.v1.StatefulSet:
        args, name = self._args, self._prefix
        child = args.platform.child_options(self)
        server = KeycloakServer(
            image=args.cluster.registry.rewrite(pins.KEYCLOAK.reference),
            environment=args.platform.environment,
            replicas=args.replicas,
            public_url=public_url,
            database=args.database,
            database_secret=self._secret("database", {DATABASE_PASSWORD_KEY: args.database.password}).metadata["name"],
            admin_secret=admin.metadata["name"],
            truststore=self._truststore(),
        )
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata=self._metadata(keycloak.KEYCLOAK, keycloak.NAME),
            automount_service_account_token=False,
            opts=child,
        )
        k8s.core.v1.Service(
            f"{name}-nodes",
            metadata=self._metadata(keycloak.KEYCLOAK, keycloak.NODES_SERVICE),
            spec=keycloak.nodes_service_spec(),
            opts=child,
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget",
            metadata=self._metadata(keycloak.KEYCLOAK, keycloak.NAME),
            spec=keycloak.disruption_budget_spec(),
            opts=child,
        )
        pods = k8s.apps.v1.StatefulSet(
            f"{name}-keycloak",
            metadata={
                **self._metadata(keycloak.KEYCLOAK, keycloak.NAME),
                "annotations": provides("single-sign-on"),
            },
            spec=keycloak.stateful_set_spec(server),
            opts=args.platform.child_options(self, account),
        )
        # After the pods: the engine holds a Service for ten minutes at most, and a new database may take longer.
        k8s.core.v1.Service(
            f"{name}-service",
            metadata=self._metadata(keycloak.KEYCLOAK, keycloak.NAME),
            spec=keycloak.service_spec(),
            opts=args.platform.child_options(self, pods),
        )
        return pods

    def _configuration(
        self,
        realm_clients: tuple[clients.RealmClient, ...],
        variables: Mapping[str, pulumi.Input[str]],
        admin: k8s.core.v1.Secret,
        server: k8s.apps.v1.StatefulSet,
    ) -> k8s.batch.v1.Job:
        args, name = self._args, self._prefix
        if args.realm.directory is not None and args.ldap_bind_password is not None:
            variables = {**variables, BIND_PASSWORD_VARIABLE: args.ldap_bind_password}
        representation = realm_representation(args.realm, realm_clients)
        realm = k8s.core.v1.ConfigMap(
            f"{name}-realm",
            metadata={**self._metadata(config_job.CONFIG_JOB), "annotations": provides("multi-factor-authentication")},
            data={config_job.REALM_FILE: json.dumps(representation, indent=2) + "\n"},
            opts=args.platform.child_options(self),
        )
        account = k8s.core.v1.ServiceAccount(
            f"{name}-config-account",
            metadata=self._metadata(config_job.CONFIG_JOB, config_job.NAME),
            automount_service_account_token=False,
            opts=args.platform.child_options(self),
        )
        return k8s.batch.v1.Job(
            f"{name}-config",
            metadata=self._metadata(config_job.CONFIG_JOB),
            spec=config_job.job_spec(
                image=args.cluster.registry.rewrite(pins.KEYCLOAK_CONFIG_CLI.reference),
                environment=args.platform.environment,
                realm=realm.metadata["name"],
                variables=self._secret("variables", variables).metadata["name"],
                admin=admin.metadata["name"],
            ),
            opts=args.platform.child_options(self, server, account),
        )

    def _route(self, server: k8s.apps.v1.StatefulSet) -> None:
        k8s.apiextensions.CustomResource(
            f"{self._prefix}-route",
            api_version="gateway.networking.k8s.io/v1",
            kind="HTTPRoute",
            metadata=self._metadata(keycloak.KEYCLOAK, keycloak.NAME),
            spec=route.route_spec(self._args.platform.domain, self.realm),
            opts=self._args.platform.child_options(self, server),
        )

    def _declare_connections(self) -> None:
        allow = self._args.platform.wiring.allow
        # The edge proxy both passes browsers on and trades the codes of the gateway's console for tokens.
        for client in (peers.EDGE_PROXY, peers.GRAFANA, config_job.CONFIG_JOB):
            allow(client, keycloak.KEYCLOAK, keycloak.HTTP_PORT)
        allow(peers.PROMETHEUS, keycloak.KEYCLOAK, keycloak.MANAGEMENT_PORT)
        allow(keycloak.KEYCLOAK, keycloak.KEYCLOAK, *keycloak.CLUSTER_PORTS)
        allow(keycloak.KEYCLOAK, self._args.database.peer, self._args.database.port)
        directory = self._args.realm.directory
        if directory is not None:
            allow(keycloak.KEYCLOAK, External(name="directory", cidrs=directory.cidrs), directory.port)

    def _truststore(self) -> pulumi.Input[str] | None:
        directory = self._args.realm.directory
        if directory is None or directory.ca_certificate is None:
            return None
        certificates = k8s.core.v1.ConfigMap(
            f"{self._prefix}-truststore",
            metadata=self._metadata(keycloak.KEYCLOAK),
            data={"directory.pem": directory.ca_certificate},
            opts=self._args.platform.child_options(self),
        )
        return certificates.metadata["name"]

    def _secret(self, suffix: str, data: Mapping[str, pulumi.Input[str]]) -> k8s.core.v1.Secret:
        return k8s.core.v1.Secret(
            f"{self._prefix}-{suffix}",
            metadata=self._metadata(keycloak.KEYCLOAK),
            string_data=dict(data),
            opts=self._args.platform.child_options(self),
        )

    def _random(self, suffix: str) -> pulumi.Output[str]:
        password = random.RandomPassword(
            f"{self._prefix}-{suffix}",
            length=SECRET_LENGTH,
            special=False,
            opts=self._args.platform.child_options(self),
        )
        return password.result

    def _metadata(self, workload: Workload, name: str | None = None) -> ObjectMetaArgsDict:
        component = dict(workload.selector)[labels.COMPONENT]
        metadata: ObjectMetaArgsDict = {
            "namespace": workload.namespace,
            "labels": labels.object_labels(workload.name, component, self._args.platform.environment),
        }
        if name is not None:
            metadata["name"] = name
        return metadata
