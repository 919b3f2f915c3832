"""Finding objects by index changes no answer: what is unknown or misshapen is found as by looking at every object."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.base.label_selector import selects, selects_by_map
from policies.disruption_budgets import DisruptionBudgets
from policies.fields import MalformedError, any_known
from policies.normalise import UnknownValueError
from policies.replicas import fewest_replicas, number
from policies.stack import Stack, known_namespace
from policies.subjects import Subject, subjects_of
from policies.workload_index import WorkloadIndex
from tests.policies.cases import UNKNOWN
from tests.policies.objects import Json

WORD = st.sampled_from(["a", "b", "a", "b", "a", "b", UNKNOWN, 7, None])
LABELS = st.dictionaries(st.sampled_from(["x", "y"]), WORD) | st.sampled_from([UNKNOWN, "text"])
METADATA = st.fixed_dictionaries({"namespace": WORD, "name": WORD})
TARGET = st.fixed_dictionaries({"name": WORD}, optional={"kind": st.sampled_from(["Deployment", "Job", UNKNOWN, 7])})
SELECTOR = st.none() | LABELS.map(lambda labels: {"matchLabels": labels}) | st.sampled_from([UNKNOWN, {}, []])


def _objects(token: str, spec: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Json]]:
    inputs = st.fixed_dictionaries({"metadata": METADATA, "spec": spec})
    return st.lists(inputs, max_size=4).map(
        lambda all_inputs: [
            {"urn": f"urn:{token}:{place}", "type": f"kubernetes:{token}", "name": "x", "inputs": one}
            for place, one in enumerate(all_inputs)
        ]
    )


PODS = st.fixed_dictionaries({"metadata": st.fixed_dictionaries({"labels": LABELS}), "spec": st.just({})})
WORKLOADS = _objects("apps/v1:Deployment", st.fixed_dictionaries({"template": PODS, "replicas": st.just(3)}))
SCALERS = st.tuples(
    _objects("autoscaling/v2:HorizontalPodAutoscaler", st.fixed_dictionaries({"scaleTargetRef": TARGET})),
    _objects("keda.sh/v1alpha1:ScaledObject", st.fixed_dictionaries({"scaleTargetRef": TARGET})),
)
BUDGETS = _objects("policy/v1:PodDisruptionBudget", st.fixed_dictionaries({"selector": SELECTOR}))


def _stack(*resources: Json) -> Stack:
    return Stack(project="p", name="s", subjects=tuple(item for one in resources for item in subjects_of(one)))


def _answer(ask: Callable[[], object]) -> tuple[str, object]:
    """What `ask` returns, or the kind and the place of what it raises."""
    try:
        return "answer", ask()
    except (UnknownValueError, MalformedError) as error:
        return type(error).__name__, error.path


def _same(one: Callable[[], object], other: Callable[[], object]) -> None:
    assert _answer(one) == _answer(other)


def _is_at(namespace: str, name: str, subject: Subject) -> bool:
    return (subject.namespace, subject.name) == (namespace, name)


@given(BUDGETS)
def test_an_object_is_found_by_its_name(budgets: list[Json]) -> None:
    stack, kind = _stack(*budgets), ("policy", "PodDisruptionBudget")
    for namespace, name in (("a", "a"), ("a", "b"), ("default", "x"), ("c", "a")):
        here = partial(_is_at, namespace, name)
        _same(
            lambda here=here, place=(namespace, name): any_known(stack.named(*place, *kind), here),
            lambda here=here, namespace=namespace: any_known(stack.near(namespace, *kind), here),
        )
        known = [found for found in stack.named(namespace, name, *kind) if known_namespace(found) is not None]
        assert all(_answer(lambda found=found: found.name) in {("answer", name)} | _UNTOLD for found in known)


_UNTOLD = {("UnknownValueError", "metadata.name"), ("MalformedError", "metadata.name")}


@given(WORKLOADS, SCALERS)
def test_the_autoscalers_of_a_workload_are_found(workloads: list[Json], scalers: tuple[list[Json], list[Json]]) -> None:
    stack = _stack(*workloads, *scalers[0], *scalers[1])
    for workload in stack.of("apps", "Deployment"):
        _same(partial(fewest_replicas, stack, workload), partial(_fewest_of_all, stack, workload))


def _fewest_of_all(stack: Stack, workload: Subject) -> int:
    kinds = (("autoscaling", "HorizontalPodAutoscaler", "minReplicas"), ("keda.sh", "ScaledObject", "minReplicaCount"))
    minima: list[int] = []
    for group, kind, key in kinds:
        for scaler in stack.near(workload.namespace, group, kind):
            target = scaler.root.at("spec", "scaleTargetRef")
            if (
                (target.at("kind").text() or "Deployment") == workload.kind
                and target.at("name").text() == workload.name
                and scaler.namespace == workload.namespace
            ):
                minima.append(number(scaler.root.at("spec", key), 1))
    return max(minima) if minima else number(workload.root.at("spec", "replicas"), 1)


@given(WORKLOADS, BUDGETS)
def test_the_disruption_budgets_of_a_workload_are_found(workloads: list[Json], budgets: list[Json]) -> None:
    stack = _stack(*workloads, *budgets)
    for workload in stack.of("apps", "Deployment"):

        def covers(budget: Subject, workload: Subject = workload) -> bool:
            selector = budget.root.at("spec", "selector")
            if budget.namespace != workload.namespace or not selector.present:
                return False
            return any(selector.parsed(partial(selects, labels=pod.labels), "a selector") for pod in workload.pods)

        _same(
            lambda covers=covers, workload=workload: any_known(stack.once(DisruptionBudgets).near(workload), covers),
            lambda covers=covers, workload=workload: any_known(
                stack.near(workload.namespace, "policy", "PodDisruptionBudget"), covers
            ),
        )


@given(WORKLOADS, st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["a", "b", 7]), max_size=2))
def test_the_workloads_of_a_selector_are_found(workloads: list[Json], wanted: dict[str, Any]) -> None:
    subjects = _stack(*workloads).of("apps", "Deployment")

    def holds(namespace: str, workload: Subject) -> bool:
        def is_selected(pod: Any) -> bool:
            return selects_by_map(wanted, pod.labels)

        return workload.namespace == namespace and any_known(workload.pods, is_selected)

    index = WorkloadIndex(subjects)
    for namespace in ("a", "b", "default"):
        here, near = partial(holds, namespace), index.may_be_selected(namespace, wanted)
        _same(
            lambda here=here, near=near: any_known(near, here),
            lambda here=here: any_known(subjects, here),
        )
    assert list(index.may_be_selected(None, wanted)) == subjects


def test_only_what_may_be_meant_is_looked_at() -> None:
    def made(token: str, spec: Json, name: str, namespace: str = "a") -> Json:
        inputs = {"metadata": {"namespace": namespace, "name": name}, "spec": spec}
        return {"urn": f"urn:{token}:{name}", "type": f"kubernetes:{token}", "name": name, "inputs": inputs}

    def names(subjects: Iterable[Subject]) -> list[str]:
        return [subject.name for subject in subjects]

    labels = [{"x": "1"}, {"x": "2"}]
    stack = _stack(
        *(
            made("apps/v1:Deployment", {"template": {"metadata": {"labels": one}, "spec": {}}}, one["x"])
            for one in labels
        ),
        *(made("policy/v1:PodDisruptionBudget", {"selector": {"matchLabels": one}}, one["x"]) for one in labels),
        made("policy/v1:PodDisruptionBudget", {"selector": {"matchLabels": labels[0]}}, "elsewhere", "b"),
    )
    workloads = stack.of("apps", "Deployment")
    assert names(WorkloadIndex(workloads).may_be_selected("a", {"x": "2"})) == ["2"]
    assert names(WorkloadIndex(workloads).may_be_selected("b", {"x": "2"})) == []
    assert names(stack.once(DisruptionBudgets).near(workloads[0])) == ["1"]
    assert names(stack.named("a", "2", "policy", "PodDisruptionBudget")) == ["2"]


def test_pods_whose_labels_are_unknown_may_be_selected_by_every_budget() -> None:
    metadata = {"namespace": "a", "name": "a"}
    template = {"metadata": {"labels": {"x": UNKNOWN}}, "spec": {}}
    selector = {"matchLabels": {"x": "1"}}
    stack = _stack(
        {"urn": "1", "type": "kubernetes:apps/v1:Deployment", "name": "x"}
        | {"inputs": {"metadata": metadata, "spec": {"template": template}}},
        {"urn": "2", "type": "kubernetes:policy/v1:PodDisruptionBudget", "name": "x"}
        | {"inputs": {"metadata": metadata, "spec": {"selector": selector}}},
    )
    (workload,) = stack.of("apps", "Deployment")
    assert stack.once(DisruptionBudgets).near(workload) == stack.of("policy", "PodDisruptionBudget")


def test_an_index_is_made_once() -> None:
    stack, made = _stack(), list[Stack]()

    def make(of: Stack) -> int:
        made.append(of)
        return len(made)

    assert [stack.once(make), stack.once(make), _stack().once(make)] == [1, 1, 2]
