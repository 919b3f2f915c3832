from __future__ import annotations

from itertools import pairwise

from components.base.namespaces import KARPENTER, LOAD_BALANCER, NAMESPACES, SERVING_OPERATORS, STORAGE
from components.base.operator_objects import OPERATOR_OBJECTS
from components.base.operator_pods import OPERATOR_PODS


def test_the_table_is_sorted_and_names_nothing_twice() -> None:
    assert len(OPERATOR_OBJECTS) > 10
    for one, next_one in pairwise(OPERATOR_OBJECTS):
        assert one.sort_key < next_one.sort_key


CLUSTER_SCOPED = {"RuntimeClass", "StorageClass"}
OF_SOME_STACKS = {KARPENTER, LOAD_BALANCER, SERVING_OPERATORS, STORAGE}


def test_every_object_lives_in_a_namespace_of_the_platform() -> None:
    homes = {made.namespace for made in OPERATOR_OBJECTS if made.kind not in CLUSTER_SCOPED}
    assert homes <= {namespace.name for namespace in NAMESPACES} | OF_SOME_STACKS
    assert {made.namespace for made in OPERATOR_OBJECTS if made.kind in CLUSTER_SCOPED} <= {""}


def test_every_entry_says_who_makes_the_object_and_where_that_is_written() -> None:
    assert all(made.maker and made.source for made in OPERATOR_OBJECTS)


def test_secrets_have_keys_and_pods_have_labels_and_ports() -> None:
    for made in OPERATOR_OBJECTS:
        if made.kind == "Secret":
            assert made.keys, made.name
        if made.kind in {"Pod", "Deployment", "DaemonSet", "StatefulSet"}:
            assert made.labels, made.name
            assert made.ports, made.name


def test_the_pods_of_operators_are_sorted_and_stand_in_one_table_only() -> None:
    keys = [made.sort_key for made in OPERATOR_PODS]
    assert keys == sorted(set(keys))
    assert not set(keys) & {made.sort_key for made in OPERATOR_OBJECTS}
    assert all(made.kind == "Pod" and made.labels and made.maker and made.source for made in OPERATOR_PODS)
