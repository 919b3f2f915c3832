"""The rules that the API server holds by itself, against whoever sends the object."""

from components.admission_policies.component import AdmissionPolicies, AdmissionPoliciesArgs

__all__ = ["AdmissionPolicies", "AdmissionPoliciesArgs"]
