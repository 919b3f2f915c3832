"""What people ask and what models answer is written down nowhere."""

from __future__ import annotations

from policies.checks import each, per_container, per_object
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import YAML, config_in, is_off
from policies.pods import Container
from policies.registry import Rule
from policies.servers import words
from policies.subjects import Subject

_CALLBACK_LISTS = (
    "callbacks",
    "success_callback",
    "failure_callback",
    "service_callback",
    "audit_log_callbacks",
)
_CALLBACKS = frozenset({"prometheus", "otel", "langfuse_otel"})
"""Callbacks to software that a stack runs itself; traces of both tracers hold no content while it is redacted."""

_TALKATIVE = {
    "LITELLM_LOG": "DEBUG",
    "VLLM_LOGGING_LEVEL": "DEBUG",
    "STORE_PROMPTS_IN_SPEND_LOGS": "TRUE",
    "VLLM_DEBUG_LOG_API_SERVER_RESPONSE": "TRUE",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "TRUE",
}
"""Variables, and the value that makes their program write prompts or answers."""

_ON = frozenset({"1", "YES", "ON"})
"""Other spellings of TRUE."""

_TALKATIVE_FLAGS = ("--enable-log-requests", "--enable-log-outputs", "--detailed_debug")


def _configurations_keep_nothing(config_map: Subject) -> Outcomes:
    data = config_map.root.at("data")
    files = {name for name, _ in data.entries()}

    def of_text(text: Field) -> Outcomes:
        config = config_in(text)
        if config is not None:
            yield from _keeps_nothing(config, files)

    yield from each((text for name, text in data.entries() if name.endswith(YAML)), of_text)


def _keeps_nothing(config: Field, files: set[str]) -> Outcomes:
    settings = config.at("litellm_settings")
    redacted = settings.at("turn_off_message_logging")
    if redacted.value is not True:
        yield Violation(redacted.path, "must be on: callbacks would get prompts and answers")
    stored = config.at("general_settings", "store_prompts_in_spend_logs")
    if not is_off(stored):
        yield Violation(stored.path, "must be off: the database would keep prompts and answers")
    traced = config.at("callback_settings", "otel", "message_logging")
    if not is_off(traced):
        yield Violation(traced.path, "must be off: traces would hold prompts and answers")
    for callback in (callback for place in map(settings.at, _CALLBACK_LISTS) for callback in place.items()):
        name = callback.text()
        if name not in _CALLBACKS and f"{name.partition('.')[0]}.py" not in files:
            message = f"must be one of {', '.join(sorted(_CALLBACKS))} or a module of the same ConfigMap"
            yield Violation(callback.path, message)


def _logs_no_prompts(container: Container) -> Outcomes:
    def check_variable(variable: Field) -> Outcomes:
        wanted = _TALKATIVE.get(variable.at("name").text())
        value = variable.at("value")
        if wanted and (value.text().upper() == wanted or (wanted == "TRUE" and value.text().upper() in _ON)):
            yield Violation(value.path, "makes prompts or answers appear in a log or a table")

    def check_word(word: Field) -> Outcomes:
        if any(part.partition("=")[0] in _TALKATIVE_FLAGS for part in word.text().split()):
            yield Violation(word.path, "makes prompts or answers appear in the log")

    yield from each(container.field.at("env").items(), check_variable)
    yield from each(words(container), check_word)


RULES = (
    Rule(
        id="AI-14",
        title="Prompts and answers are not stored",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="What people asked piles up in a database, in traces or at an outside service, and one leak of it "
        "shows everything that they wrote.",
        sources=("OWASP LLM02: Sensitive Information Disclosure", "GDPR article 5", "LiteLLM documentation: Logging"),
        remediation="Keep turn_off_message_logging on and store_prompts_in_spend_logs off, and report to Prometheus, "
        "OpenTelemetry or a Langfuse of your own only.",
        of_object=per_object(_configurations_keep_nothing, "", "ConfigMap"),
    ),
    Rule(
        id="AI-28",
        title="No log holds prompts or answers",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Everybody who may read container logs reads what people asked, for as long as the logs are kept.",
        sources=("OWASP LLM02: Sensitive Information Disclosure", "vLLM and LiteLLM documentation: Logging", "own"),
        remediation="Take the debug level, the request logging or the capturing of content out of the container.",
        of_object=per_container(_logs_no_prompts),
    ),
)
