"""The edge in the real Envoy: its own configuration, made from the rendered objects as Envoy Gateway would make it.

The mapping follows the pinned release of Envoy Gateway (`internal/xds/translator` and its test data). What a policy
says and this translation does not know is an error, so that a test never passes because a rule was left out.
"""

from tools.servers.envoy_edge.bootstrap import EdgeAddresses, bootstrap
from tools.servers.envoy_edge.process import envoy

__all__ = ["EdgeAddresses", "bootstrap", "envoy"]
