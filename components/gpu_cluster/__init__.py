"""The cluster that everything runs in: one that exists, k3s on own hosts, or one made in a cloud.

The implementations are imported by module (`components.gpu_cluster.existing`, `.k3s`, `.eks`), so that what needs only
the contract does not load the SDKs of a cloud.
"""

from components.gpu_cluster.contract import GpuCluster, GpuSoftware
from components.gpu_cluster.gpu_stack import GpuStack, GpuStackArgs

__all__ = ["GpuCluster", "GpuSoftware", "GpuStack", "GpuStackArgs"]
