"""Names of the environment variables that config.yaml refers to as `os.environ/NAME`."""

from __future__ import annotations

MASTER_KEY = "LITELLM_MASTER_KEY"
DATABASE_URL = "DATABASE_URL"
COUNTERS_PASSWORD = "COUNTERS_PASSWORD"  # noqa: S105 # the name of a variable
CACHE_HOST = "CACHE_HOST"
CACHE_PASSWORD = "CACHE_PASSWORD"  # noqa: S105 # the name of a variable
VECTORS_URL = "VECTORS_URL"
VECTORS_KEY = "VECTORS_KEY"


def from_environment(name: str) -> str:
    """The value of variable `name`, which LiteLLM resolves itself."""
    return f"os.environ/{name}"
