"""A stack's matrix beside the one that its wiring asks for."""

from __future__ import annotations

from dataclasses import dataclass

from components.base.port_spans import intersection
from components.base.reachability import Pod
from tools.network_matrix.declared import Wires, crossings, declared
from tools.network_matrix.matrix import End, Matrix, Sides, ends_of, is_ours, reachable
from tools.network_matrix.stack_network import ELSEWHERE, Graph, PodEnd, StackNetwork, read_stack_network
from tools.network_matrix.wrong_edges import WrongEdge, told_together, wrong_edges


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What is open (`named`: by an edge between both ends, `crossing`: by two edges that meet), and what is wrong."""

    network: StackNetwork
    ends: tuple[End, ...]
    named: Matrix
    crossing: Matrix
    wrong: tuple[WrongEdge, ...]

    @property
    def mistakes(self) -> list[str]:
        """What is wrong, one line for each mistake: wired workloads that no pod is, then edges."""
        absent = [
            f"{name}: connections of it are declared, and no pod of the stack carries its labels"
            for name in self.network.absent
        ]
        return [*absent, *told_together(self.wrong)]


def judge_graph(graph: Graph) -> Judgement:
    """Evaluate the policies of a graph. Raises GraphError for a graph without wiring."""
    network = read_stack_network(graph)
    ends = ends_of(network)
    is_open = reachable(network, ends)
    ours = [end for end in network.pods if is_ours(network, end)]
    others = [*ends, *impostors(network)]
    return Judgement(
        network=network,
        ends=ends,
        named=_restricted(is_open, declared(network, ends)),
        crossing=_restricted(is_open, crossings(network, ends)),
        wrong=tuple(wrong_edges(Sides(network), Wires(network), ours, others)),
    )


def impostors(network: StackNetwork) -> list[PodEnd]:
    """Pods elsewhere that carry the labels of a wired workload: a policy that names labels alone would take them."""
    return [
        PodEnd(
            name=f"{ELSEWHERE}/pod like {end.name}",
            pod=Pod(namespace=ELSEWHERE, labels=end.pod.labels),
            wired=frozenset(),
        )
        for end in network.pods
        if end.wired
    ]


def _restricted(matrix: Matrix, to: Matrix) -> Matrix:
    shared = {pair: intersection(ports, to.get(pair, ())) for pair, ports in matrix.items()}
    return {pair: ports for pair, ports in shared.items() if ports}
