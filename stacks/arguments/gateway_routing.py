"""Settings of the gateway → what LiteLLM decides by."""

from __future__ import annotations

from urllib.parse import urlsplit

from components.base import peers
from components.base.token_prices import TokenPrice
from components.base.wiring import Endpoint, Workload
from components.inference_gateway.arguments import (
    AnswerCache,
    Cascade,
    ComplexityKeywords,
    ComplexityRule,
    ComplexityWeights,
    ExternalModel,
    Guardrails,
    Judge,
    Presidio,
    Routing,
    SemanticCache,
    Split,
    Telemetry,
    Timeouts,
)
from stacks.schema.gateway import GatewaySettings
from stacks.schema.gateway_external import ExternalModelSettings
from stacks.schema.gateway_guardrails import GuardrailSettings
from stacks.schema.gateway_routing import CascadeSettings, ComplexityRuleSettings
from stacks.schema.gateway_telemetry import TelemetryEndpoint, TelemetrySettings
from stacks.schema.models import ModelSettings
from stacks.serving import architecture
from stacks.settings import PlatformSettings


def routing(settings: PlatformSettings) -> Routing:
    """What LiteLLM decides by."""
    gateway = settings.gateway
    return Routing(
        timeouts=timeouts(gateway),
        max_parallel_requests_per_key=gateway.max_parallel_requests_per_key,
        max_in_flight_per_replica=gateway.max_in_flight_per_replica,
        refuse_without_counters=gateway.refuse_without_counters,
        cache=_cache(settings),
        fallbacks=gateway.fallbacks,
        splits=tuple(Split(name=entry.name, weights=entry.models) for entry in gateway.splits),
        cascades=tuple(map(_cascade, gateway.cascade)),
        externals=tuple(map(_external, gateway.external)),
        guardrails=_guardrails(settings, gateway.guardrails),
        telemetry=_telemetry(gateway.telemetry),
    )


def timeouts(gateway: GatewaySettings) -> Timeouts:
    """How long LiteLLM lets requests take."""
    return Timeouts(request=gateway.timeouts.request_seconds, stream=gateway.timeouts.stream_seconds)


def _model(settings: PlatformSettings, name: str) -> ModelSettings:
    return next(model for model in settings.models if model.name == name)


def _cache(settings: PlatformSettings) -> AnswerCache | SemanticCache | None:
    cache = settings.gateway.cache
    if not cache.enabled:
        return None
    opt_in = cache.mode == "opt-in"
    if cache.semantic is None:
        return AnswerCache(opt_in=opt_in, ttl_seconds=cache.ttl_seconds)
    model = _model(settings, cache.semantic.embedding_model)
    return SemanticCache(
        embedding_model=model.name,
        vector_size=cache.semantic.vector_size or architecture(model).hidden_size,
        similarity=cache.semantic.similarity,
        opt_in=opt_in,
        forget_hours=cache.semantic.forget_hours,
    )


def _cascade(entry: CascadeSettings) -> Cascade:
    return Cascade(
        name=entry.name,
        simple=entry.simple,
        medium=entry.medium or entry.simple,
        complex=entry.complex,
        rule=_rule(entry.rule),
    )


def _rule(rule: ComplexityRuleSettings) -> ComplexityRule:
    return ComplexityRule(
        medium_from=rule.medium_from,
        complex_from=rule.complex_from,
        reasoning_from=rule.reasoning_from,
        short_tokens=rule.short_tokens,
        long_tokens=rule.long_tokens,
        weights=ComplexityWeights(**rule.weights.model_dump()),
        keywords=ComplexityKeywords(**rule.keywords.model_dump()),
    )


def _external(model: ExternalModelSettings) -> ExternalModel:
    return ExternalModel(
        name=model.name,
        provider=model.provider,
        model=model.model,
        task=model.task,
        price=TokenPrice(
            input_usd_per_million=model.price.input_usd_per_million_tokens,
            output_usd_per_million=model.price.output_usd_per_million_tokens,
        ),
        api_base=model.api_base,
        api_version=model.api_version,
        region=model.region,
        data_classes=model.data_classes,
    )


def _guardrails(settings: PlatformSettings, guardrails: GuardrailSettings) -> Guardrails:
    judge = guardrails.judge
    return Guardrails(
        mask=guardrails.mask,
        blocked_words=guardrails.blocked_words,
        presidio=Presidio(**guardrails.presidio.model_dump()) if guardrails.presidio else None,
        judge=(
            Judge(**judge.model_dump(), context_length=_model(settings, judge.model).max_model_len) if judge else None
        ),
    )


def _telemetry(telemetry: TelemetrySettings) -> Telemetry:
    endpoints = [endpoint for endpoint in (telemetry.otlp, telemetry.langfuse) if endpoint]
    return Telemetry(
        otlp_endpoint=telemetry.otlp.url if telemetry.otlp else None,
        langfuse_host=telemetry.langfuse.url if telemetry.langfuse else None,
        message_content=telemetry.message_content,
        peers=tuple((_peer(endpoint), endpoint.port) for endpoint in endpoints),
    )


def _peer(endpoint: TelemetryEndpoint) -> Endpoint:
    if not endpoint.in_cluster:
        return peers.INTERNET
    name, namespace, *_ = (urlsplit(endpoint.url).hostname or "").split(".")
    return Workload.selecting(namespace, name, endpoint.pod_labels or {})
