"""Run by the pack's own Python: `servicer.py` with a release of the SDK that `policies/decoding.py` does not know."""

import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policies import decoding

decoding.KNOWN_VERSION = "another"
runpy.run_path(str(Path(__file__).with_name("servicer.py")))
