"""What is looked for in requests and answers, and what happens where it is found."""

from __future__ import annotations

from typing import Any

from components.inference_gateway.filters import Guardrails, Presidio


def guardrail_list(guardrails: Guardrails) -> list[dict[str, Any]]:
    """Filters that LiteLLM has itself and runs on every request; empty when nothing is filtered.

    Patterns come first: they cost nothing.
    """
    return [*_content_filter(guardrails), *(_presidio(guardrails.presidio) if guardrails.presidio else [])]


def _content_filter(guardrails: Guardrails) -> list[dict[str, Any]]:
    if not guardrails.mask and not guardrails.blocked_words:
        return []
    parameters: dict[str, Any] = {"guardrail": "litellm_content_filter", "mode": "pre_call", "default_on": True}
    if guardrails.mask:
        parameters["patterns"] = [
            {"pattern_type": "prebuilt", "pattern_name": name, "action": "MASK"} for name in guardrails.mask
        ]
    if guardrails.blocked_words:
        parameters["blocked_words"] = [{"keyword": word, "action": "BLOCK"} for word in guardrails.blocked_words]
    return [{"guardrail_name": "content-filter", "litellm_params": parameters}]


def _presidio(presidio: Presidio) -> list[dict[str, Any]]:
    """Finds personal data by Presidio, whose addresses LiteLLM reads from its environment; one entry per language."""
    return [
        {
            "guardrail_name": f"personal-data-{language}",
            "litellm_params": {
                "guardrail": "presidio",
                "mode": "pre_call",
                "default_on": True,
                "pii_entities_config": dict(presidio.entities),
                "presidio_score_thresholds": {"ALL": presidio.score_threshold},
                "presidio_language": language,
                "presidio_filter_scope": "both" if presidio.check_answers else "input",
                # Placeholders that the model repeats are turned back into what they stand for.
                "output_parse_pii": presidio.restore,
            },
        }
        for language in presidio.languages
    ]
