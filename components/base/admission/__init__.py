"""The rules that an API server can hold by itself, as plain data: what they match, their CEL and their messages."""

from components.base.admission.catalogue import AdmissionFacts, admission_policies
from components.base.admission.policy import AdmissionPolicy, Check, Resources

__all__ = ["AdmissionFacts", "AdmissionPolicy", "Check", "Resources", "admission_policies"]
