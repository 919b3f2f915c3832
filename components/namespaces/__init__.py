"""Namespaces with their Pod Security level, GPU quotas and the platform's priority classes."""

from components.namespaces.component import Namespaces, NamespacesArgs

__all__ = ["Namespaces", "NamespacesArgs"]
