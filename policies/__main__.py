"""Entry point of the policy pack: the only place that starts it."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

# The engine runs this folder with `python -m pulumi.policy` and this folder as working directory, so neither the
# package `policies` nor `components.base`, from which rules take names and labels, is on the path yet.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi_policy import EnforcementLevel, PolicyPack  # pyright: ignore[reportMissingImports]

from policies import adapter
from policies.decoding import collect_rarely
from policies.exceptions import DEFAULT_PATH, ExceptionsError, load_exceptions
from policies.pack_config import PackConfigError, settings_of
from policies.rules import REGISTRY

stack = os.environ.get("PULUMI_STACK", "")

try:
    exceptions = load_exceptions(DEFAULT_PATH, REGISTRY.exemptable)
    settings = settings_of(stack, REGISTRY)
except (ExceptionsError, PackConfigError) as error:
    # The engine shows what the pack writes: one line that says what to mend, and no traceback around it.
    sys.exit(f"policies: {error}")

collect_rarely()

PolicyPack(
    name=adapter.NAME,
    # The SDK's default is advisory; each policy says its level itself as well.
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=adapter.policies(exceptions, datetime.now(tz=UTC).date(), stack, settings),
)
