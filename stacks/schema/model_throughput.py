"""How fast a model was measured to be."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stacks.schema.base import SettingsModel


class ThroughputSettings(SettingsModel):
    """Tokens per second of one replica that does nothing else, as a load test measured them (`vllm bench serve`)."""

    input_tokens_per_second: Annotated[float, Field(gt=0)]
    """Prompt tokens a second."""
    output_tokens_per_second: Annotated[float, Field(ge=0)]
    """Answer tokens a second, of all running requests together; 0 for models that write none."""
