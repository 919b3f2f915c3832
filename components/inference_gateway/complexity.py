"""The rule by which a cascade tells simple requests from complex ones, with every number that it depends on.

A request is scored along seven dimensions, each between -1 and 1, without calling a model. The weighted sum is
compared with the boundaries. Defaults are those of LiteLLM's complexity router in the pinned release
(`litellm/router_strategy/complexity_router/config.py`), written down here so that they are seen, and so that an upgrade
does not silently send requests elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

CODE_KEYWORDS = (
    *("function", "class", "def", "const", "let", "var", "import", "export", "return", "async", "await", "try"),
    *("catch", "exception", "error", "debug", "api", "endpoint", "request", "response", "database", "sql", "query"),
    *("schema", "algorithm", "implement", "refactor", "optimize", "python", "javascript", "typescript", "java", "rust"),
    *("golang", "react", "vue", "angular", "node", "docker", "kubernetes", "git", "commit", "merge", "branch"),
    "pull request",
)
REASONING_KEYWORDS = (
    *("step by step", "think through", "let's think", "reason through", "analyze this", "break down"),
    *("explain your reasoning", "show your work", "chain of thought", "think carefully", "consider all", "evaluate"),
    *("pros and cons", "compare and contrast", "weigh the options", "logical", "deduce", "infer", "conclude"),
)
TECHNICAL_KEYWORDS = (
    *("architecture", "distributed", "scalable", "microservice", "machine learning", "neural network"),
    *("deep learning", "encryption", "authentication", "authorization", "performance", "latency", "throughput"),
    *("benchmark", "concurrency", "parallel", "threading", "memory", "cpu", "gpu", "optimization", "protocol", "tcp"),
    *("http", "grpc", "websocket", "container", "orchestration"),
)
SIMPLE_KEYWORDS = (
    *("what is", "what's", "define", "definition of", "who is", "who was", "when did", "when was", "where is"),
    *("where was", "how many", "how much", "yes or no", "true or false", "simple", "brief", "short", "quick", "hello"),
    *("hi", "hey", "thanks", "thank you", "goodbye", "bye", "okay"),
)


@dataclass(frozen=True, kw_only=True)
class ComplexityKeywords:
    """Whole words and phrases, in lower case, that a dimension counts."""

    code: tuple[str, ...] = CODE_KEYWORDS
    reasoning: tuple[str, ...] = REASONING_KEYWORDS
    technical: tuple[str, ...] = TECHNICAL_KEYWORDS
    simple: tuple[str, ...] = SIMPLE_KEYWORDS


@dataclass(frozen=True, kw_only=True)
class ComplexityWeights:
    """Weight of each dimension in the score."""

    length: float = 0.10
    code: float = 0.30
    reasoning: float = 0.25
    technical: float = 0.25
    simple: float = 0.05
    steps: float = 0.03
    questions: float = 0.02


@dataclass(frozen=True, kw_only=True)
class ComplexityRule:
    """Scores from which a request counts as medium, complex, or asking for reasoning.

    Below `short_tokens` a request scores as short, above `long_tokens` as long.
    """

    medium_from: float = 0.15
    complex_from: float = 0.35
    reasoning_from: float = 0.60
    short_tokens: int = 15
    long_tokens: int = 400
    weights: ComplexityWeights = ComplexityWeights()
    keywords: ComplexityKeywords = ComplexityKeywords()
