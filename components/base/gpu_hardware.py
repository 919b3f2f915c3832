"""Whether GPU nodes as a stack describes them can exist: product, number, memory and partitions."""

from __future__ import annotations

from components.base.gpus import GpuProduct, UnknownGpuError, find_gpu

MEMORY_TOLERANCE = 0.05
"""`nvidia-smi` counts up to 4 % more than a process gets, which is what the table holds."""


def hardware_problem(
    *, product: str, gpus_per_node: int, memory_per_gpu_gib: float, mig_profile: str | None, mig_slices: int
) -> str | None:
    """What of a GPU pool contradicts the table of products, as `<key>: <what is wrong and how to mend it>`.

    None when everything agrees. What a stack knows better than the table it says with `unlistedHardware: true`.
    """
    try:
        known = find_gpu(product)
    except UnknownGpuError as error:
        return f"product: {error}; for a GPU that is newer than this list, set unlistedHardware: true"
    return (
        _number_problem(known, gpus_per_node)
        or _memory_problem(known, memory_per_gpu_gib)
        or (_partition_problem(known, mig_profile, mig_slices) if mig_profile else None)
    )


def _number_problem(known: GpuProduct, gpus: int) -> str | None:
    if gpus <= known.most_per_node:
        return None
    return (
        f"gpusPerNode: no server holds {gpus} {known.label}, at most {known.most_per_node} are in one: say how many "
        "one node has, and the number of nodes in nodes; for a server that does, set unlistedHardware: true"
    )


def _memory_problem(known: GpuProduct, memory_gib: float) -> str | None:
    if abs(memory_gib - known.memory_gib) <= known.memory_gib * MEMORY_TOLERANCE:
        return None
    return (
        f"memoryPerGpuGib: one {known.label} has {known.memory_gib:g} GiB, not {memory_gib:g}: "
        f"write {known.memory_gib:g}, or set product to what the nodes have"
    )


def _partition_problem(known: GpuProduct, profile: str, slices: int) -> str | None:
    if not known.mig:
        return f"mig: {known.label} cannot be partitioned: set mig to null, or share it with sharing.timeSlices"
    most = known.mig.get(profile)
    if most is None:
        return f"mig.profile: {known.label} has no profile {profile}: use one of {', '.join(known.mig)}"
    if slices > most:
        return f"mig.slices: one {known.label} holds at most {most} slices of {profile}, not {slices}: use {most}"
    return None
