"""Whether a replica that needs several GPUs of one node can be left without a node by the order in which pods start.

The scheduler spreads pods: it puts the first ones on different nodes, and moves none of them later. Two one-GPU pods on
two nodes of four GPUs leave no node for a replica of four, although six GPUs are free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def may_be_blocked(needed: int, others: Iterable[int], nodes: int, per_node: int) -> bool:
    """Whether pods of the sizes `others` can lie on `nodes` nodes of `per_node` units so that none has `needed` left.

    Each node is blocked with as few units as the sizes allow; what is left of `others` may start later.
    """
    remaining = Counter(others)
    while nodes > 0:
        filling = smallest_filling(remaining, per_node - needed + 1, per_node)
        if filling is None:
            return False
        # The smallest filling stays the smallest while its pods last: nodes alike are filled at once.
        times = min(nodes, *(remaining[size] // count for size, count in filling.items()))
        nodes -= times
        remaining -= Counter({size: times * count for size, count in filling.items()})
    return True


def smallest_filling(sizes: Counter[int], least: int, most: int) -> Counter[int] | None:
    """Pods out of `sizes` (size to number) whose sum is the smallest between `least` and `most`; None without any."""
    # By sum, the pods that reach it; larger pods first, so that small ones are kept for other nodes.
    reached: dict[int, Counter[int]] = {0: Counter()}
    for size in sorted(sizes, reverse=True):
        for total, pods in sorted(reached.items(), reverse=True):
            for number in range(1, min(sizes[size], (most - total) // size) + 1):
                reached.setdefault(total + number * size, pods + Counter({size: number}))
    found = [total for total in reached if least <= total <= most]
    return reached[min(found)] if found else None
