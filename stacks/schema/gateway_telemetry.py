"""Where the gateway reports requests, beside its metrics."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from stacks.schema.base import SettingsModel

Url = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?(/[\w./-]*)?$")]
PodLabels = dict[str, str]

_CLUSTER_HOST = (".svc", ".svc.cluster.local")


class TelemetryEndpoint(SettingsModel):
    """An address outside the cluster, or that of a Service in it."""

    url: Url
    """Address, with `https://` outside the cluster."""
    pod_labels: PodLabels | None = None
    """Labels of the pods behind a Service of the cluster, for the network policy."""

    @property
    def in_cluster(self) -> bool:
        """Whether the address is that of a Service: `http://<name>.<namespace>.svc.cluster.local`."""
        return (urlsplit(self.url).hostname or "").endswith(_CLUSTER_HOST)

    @property
    def port(self) -> int:
        """The address's port."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.in_cluster and not self.pod_labels:
            message = f"{self.url} is in the cluster and needs podLabels: the labels of the pods that listen there"
            raise ValueError(message)
        if not self.in_cluster and not self.url.startswith("https://"):
            message = f"{self.url} leaves the cluster unencrypted: use https"
            raise ValueError(message)
        return self


class TelemetrySettings(SettingsModel):
    """Traces of requests: who asked which model, how long it took, tokens and cost."""

    otlp: TelemetryEndpoint | None = None
    """OpenTelemetry collector, OTLP over HTTP (`https://otel.example.org/v1/traces`). Its headers are the secret
    `ai-platform:otlpHeaders` (`name=value,…`), where it asks for some. Prompts and answers are never sent there."""
    langfuse: TelemetryEndpoint | None = None
    """Langfuse. Its keys are the secrets `ai-platform:langfusePublicKey` and `ai-platform:langfuseSecretKey`."""
    message_content: bool = False
    """Whether Langfuse is sent prompts and answers. Whoever may look into Langfuse then reads what all teams write."""

    @model_validator(mode="after")
    def _content_has_a_reader(self) -> Self:
        if self.message_content and self.langfuse is None:
            message = "messageContent is for Langfuse: set langfuse.url, or remove it"
            raise ValueError(message)
        return self
