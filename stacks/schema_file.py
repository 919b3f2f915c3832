"""The JSON Schema of a whole Pulumi.<stack>.yaml, for editors and reviewers."""

from __future__ import annotations

import json
from typing import Any

from stacks.secrets import PROJECT, SECRET_KEYS
from stacks.settings import KEY, PlatformSettings, model_schema

FILE_NAME = "stacks/stack-file.schema.json"


def stack_file_schema() -> dict[str, Any]:
    """Schema of a stack file: the engine's own keys, and the platform's settings under their configuration key."""
    platform = model_schema(PlatformSettings)
    definitions = platform.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of the AI platform",
        "type": "object",
        "properties": {
            "secretsprovider": {"type": "string", "description": "passphrase, awskms://… or hashivault://…"},
            "encryptedkey": {"type": "string"},
            "encryptionsalt": {"type": "string"},
            "config": {
                "type": "object",
                "properties": {
                    "pulumi:disable-default-providers": {"const": ["*"]},
                    KEY: platform,
                },
                "propertyNames": {
                    "anyOf": [
                        {"enum": [KEY, *(f"{PROJECT}:{name}" for name in SECRET_KEYS)]},
                        {"not": {"pattern": f"^{PROJECT}:"}},
                    ]
                },
                "required": ["pulumi:disable-default-providers", KEY],
            },
        },
        "required": ["config"],
        "$defs": definitions,
    }


def schema_text() -> str:
    """The committed file's content."""
    return json.dumps(stack_file_schema(), indent=2, ensure_ascii=False) + "\n"
