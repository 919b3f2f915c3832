"""What must be in place before anything is served: certificates, signed by one issuer."""

from components.security_baseline.component import SecurityBaseline, SecurityBaselineArgs

__all__ = ["SecurityBaseline", "SecurityBaselineArgs"]
