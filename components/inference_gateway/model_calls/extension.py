"""What LiteLLM is given so that clients neither share media by id, nor go round filters, nor learn where models run."""

from __future__ import annotations

import json
from pathlib import Path

from components.inference_gateway.extension import Extension

MODULE = "platform_model_calls"
FILE = "model_calls.json"

_SOURCE = Path(__file__).with_name(f"{MODULE}.py")


def model_calls_extension(*, filtered: bool) -> Extension:
    """Module and callback; both hooks are LiteLLM's own and need no licence. `filtered`: whether texts are filtered."""
    return Extension(
        files={
            _SOURCE.name: _SOURCE.read_text("utf-8"),
            FILE: json.dumps({"refuseTokenIds": filtered}, indent=1) + "\n",
        },
        callbacks=(f"{MODULE}.model_calls",),
    )
