"""Cases of the rules about model servers."""

from __future__ import annotations

from tests.policies.serving_network_cases import NETWORK_CASES
from tests.policies.serving_switch_cases import COMMAND_CASES, LIMIT_CASES, RECORD_CASES, SWITCH_CASES
from tests.policies.serving_weights_cases import FIT_CASES, SPLIT_CASES, WEIGHTS_CASES

SERVING_CASES = [
    *FIT_CASES,
    *SPLIT_CASES,
    *WEIGHTS_CASES,
    *SWITCH_CASES,
    *COMMAND_CASES,
    *LIMIT_CASES,
    *RECORD_CASES,
    *NETWORK_CASES,
]
