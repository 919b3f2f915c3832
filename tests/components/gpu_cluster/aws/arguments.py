"""Recorded arguments in the words of boto3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.components.gpu_cluster.aws.account import Account

Inputs = dict[str, Any]
Outputs = Mapping[str, Any]
Call = Callable[[Account, Inputs], Outputs]

_ACRONYMS = {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID", "id": "ID"}


def pascal(value: Any) -> Any:
    """`value` with the keys that boto3 wants: the first letter a capital one."""
    if isinstance(value, dict):
        return {_ACRONYMS.get(key, key[0].upper() + key[1:]): pascal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [pascal(item) for item in value]
    return value


def tags(inputs: Inputs, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in inputs.get("tags", {}).items()]
