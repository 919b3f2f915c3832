"""Exit status and log of every program."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from .checkpoint import CheckpointError
from .hub import HubUnavailableError

FAILED = 1
"""Another run may succeed."""
REFUSED = 2
"""Another run would end in the same way: jobs are not repeated."""

log = logging.getLogger("weights")


def exit_status(work: Callable[[], str]) -> int:
    """Status of `work`, which returns what it has to say at the end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        log.info("%s", work())
    except CheckpointError as error:
        log.error("%s", error)
        return REFUSED
    except (HubUnavailableError, ClientError, BotoCoreError, OSError) as error:
        log.error("%s", error)
        return FAILED
    return 0
