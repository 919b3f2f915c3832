"""LiteLLM's config.yaml, from plain data. Secrets stand in it as `os.environ/NAME`, which LiteLLM resolves itself.

Keys as read in the source of the pinned release (`litellm/proxy/_types.py`, `litellm/router.py`,
`litellm/proxy/proxy_server.py`); no key that needs a licence is used.
"""

from components.inference_gateway.litellm_config.text import config, config_text
from components.inference_gateway.litellm_config.variables import (
    CACHE_HOST,
    CACHE_PASSWORD,
    COUNTERS_PASSWORD,
    DATABASE_URL,
    MASTER_KEY,
    VECTORS_KEY,
    VECTORS_URL,
)

__all__ = [
    "CACHE_HOST",
    "CACHE_PASSWORD",
    "COUNTERS_PASSWORD",
    "DATABASE_URL",
    "MASTER_KEY",
    "VECTORS_KEY",
    "VECTORS_URL",
    "config",
    "config_text",
]
