"""The names that clients may call, and what answers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.base import model_proxy
from components.base.models import Task
from components.base.token_prices import TokenPrice
from components.inference_gateway.complexity import ComplexityRule


@dataclass(frozen=True, kw_only=True)
class GatewayModel:
    """A model server behind the gateway.

    `name` is what clients ask for and what the server calls the model. `host` and `port` are its Service, or the proxy
    in front of it, which serves it below `path`. `context_length` is in tokens. `aliases` are other names for it,
    `adapters` the LoRA adapters that its servers answer by name.
    """

    name: str
    task: Task
    host: str
    port: int
    context_length: int
    price: TokenPrice
    aliases: tuple[str, ...] = ()
    adapters: tuple[str, ...] = ()
    path: str = ""

    @property
    def weighted(self) -> bool:
        """Whether requests pass the internal gateway, which splits them between two versions of the model."""
        return self.host == model_proxy.HOST


@dataclass(frozen=True, kw_only=True)
class Split:
    """A name answered by several models or adapters of one task, each for its share of requests."""

    name: str
    weights: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Cascade:
    """A name answered by one of three models, by the request's complexity."""

    name: str
    simple: str
    medium: str
    complex: str
    rule: ComplexityRule = field(default_factory=ComplexityRule)


@dataclass(frozen=True, kw_only=True)
class ExternalModel:
    """A model of a provider outside the platform. `provider` and `model` as LiteLLM names them.

    `data_classes` are the classes of data that may be sent there; the policies hold the teams to them (AI-16).
    """

    name: str
    provider: str
    model: str
    task: Task
    price: TokenPrice
    api_base: str | None = None
    api_version: str | None = None
    region: str | None = None
    data_classes: tuple[str, ...] = ("public",)
