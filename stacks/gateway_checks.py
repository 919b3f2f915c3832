"""Checks of the gateway's settings against the models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from stacks.gateway_names import GatewayName, gateway_names
from stacks.schema.gateway import CascadeSettings, GatewaySettings, SplitSettings
from stacks.schema.models import ModelSettings

_CHAT_TASKS = ("chat", "vision")
_SERVED = ("model", "adapter")

Names = Mapping[str, GatewayName]


def gateway_errors(gateway: GatewaySettings, models: Iterable[ModelSettings]) -> list[str]:
    """Problems of `gateway` with `models`, each as `<key path>: <what is wrong and how to mend it>`."""
    # Models first: what takes a model's name from it is at fault, wherever it stands.
    every = sorted(gateway_names(gateway, models), key=lambda entry: entry.kind != "model")
    names = {entry.name: entry for entry in reversed(every)}
    served = {name: entry for name, entry in names.items() if entry.kind == "model"}
    return [
        *_repeated_names(every),
        *_unknown_models("gateway.prices", gateway.prices, served),
        *(
            error
            for name, tier in gateway.tiers.items()
            for error in _unknown_models(f"gateway.tiers.{name}.models", tier.models, {*names, "*"})
        ),
        *_fallback_errors(gateway.fallbacks, names),
        *_cycles(gateway.fallbacks),
        *_split_errors(gateway.splits, names),
        *_cascade_errors(gateway.cascade, names),
        *_supporting_model_errors(gateway, names),
    ]


def _repeated_names(every: Iterable[GatewayName]) -> Iterator[str]:
    first: dict[str, GatewayName] = {}
    for entry in every:
        earlier = first.setdefault(entry.name, entry)
        # Two models of one name are reported with the models themselves.
        if earlier is not entry and (earlier.kind, entry.kind) != ("model", "model"):
            article = "another" if earlier.kind == entry.kind else "an" if earlier.kind[0] in "ae" else "a"
            yield f"{entry.path}: {entry.name!r} is already the name of {article} {earlier.kind}, choose another"


def _unknown_models(path: str, wanted: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    present = sorted(known)
    for name in wanted:
        if name not in present:
            yield f"{path}: no model is called {name!r}; there are {', '.join(present)}"


def _fallback_errors(fallbacks: Mapping[str, tuple[str, ...]], names: Names) -> Iterator[str]:
    sources = {name for name, entry in names.items() if entry.kind in {*_SERVED, "split"}}
    targets = {name for name, entry in names.items() if entry.kind in {*_SERVED, "split", "external model"}}
    yield from _unknown_models("gateway.fallbacks", fallbacks, sources)
    for model, wanted in fallbacks.items():
        path = f"gateway.fallbacks.{model}"
        yield from _unknown_models(path, wanted, targets)
        for target in wanted:
            if model in sources and target in targets and names[target].task != names[model].task:
                yield (
                    f"{path}: {target!r} serves {names[target].task} and cannot answer for {model!r}, which serves "
                    f"{names[model].task}; name a model of the same task"
                )


def _cycles(fallbacks: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for start in fallbacks:
        trail = _trail_back(start, fallbacks)
        # Each cycle is reported once, from its alphabetically first member.
        if trail and start == min(trail):
            yield f"gateway.fallbacks.{start}: {' -> '.join([*trail, start])} is a cycle; remove one of its steps"


def _trail_back(start: str, steps: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The shortest way from `start` back to itself, without its end; empty when there is none."""
    trails = [[start]]
    seen: set[str] = set()
    while trails:
        trail = trails.pop(0)
        for target in steps.get(trail[-1], ()):
            if target == start:
                return trail
            if target not in seen:
                seen.add(target)
                trails.append([*trail, target])
    return []


def _split_errors(splits: Iterable[SplitSettings], names: Names) -> Iterator[str]:
    served = {name: entry for name, entry in names.items() if entry.kind in _SERVED}
    for index, split in enumerate(splits):
        path = f"gateway.splits[{index}].models"
        composed = [name for name in split.models if name in names and names[name].kind in {"cascade", "split"}]
        yield from (_chain(path, split.name, name, names) for name in composed)
        yield from _unknown_models(path, (name for name in split.models if name not in composed), served)
        tasks = {name: served[name].task for name in split.models if name in served}
        if len(set(tasks.values())) > 1:
            served_tasks = ", ".join(f"{name} ({task})" for name, task in tasks.items())
            yield f"{path}: {served_tasks} serve different tasks; name models of one task"


def _cascade_errors(cascade: Iterable[CascadeSettings], names: Names) -> Iterator[str]:
    models = {name: entry for name, entry in names.items() if entry.kind in {*_SERVED, "external model"}}
    for index, entry in enumerate(cascade):
        for key in ("simple", "medium", "complex"):
            target, path = getattr(entry, key), f"gateway.cascade[{index}].{key}"
            if target is None:
                continue
            if target in names and names[target].kind in {"cascade", "split"}:
                yield _chain(path, entry.name, target, names)
                continue
            yield from _unknown_models(path, [target], models)
            if target in models and models[target].task not in _CHAT_TASKS:
                yield f"{path}: {target!r} serves {models[target].task}; a cascade needs chat models"


def _chain(path: str, name: str, target: str, names: Names) -> str:
    """What is wrong with `target`, itself a cascade or split, behind `name`."""
    trail = _trail_back(name, {known: entry.targets for known, entry in names.items()})
    if trail:
        return f"{path}: {' -> '.join([*trail, name])} is a cycle; name a model instead of {target!r}"
    return f"{path}: {target!r} is a {names[target].kind}; name a model"


def _supporting_model_errors(gateway: GatewaySettings, names: Names) -> Iterator[str]:
    """Problems of the models that the gateway itself asks."""
    judge, semantic = gateway.guardrails.judge, gateway.cache.semantic
    if judge:
        yield from _supporting_model("gateway.guardrails.judge.model", judge.model, "chat", names)
    if semantic:
        yield from _supporting_model(
            "gateway.cache.semantic.embeddingModel", semantic.embedding_model, "embedding", names
        )


def _supporting_model(path: str, model: str, task: str, names: Names) -> Iterator[str]:
    fitting = sorted(name for name, entry in names.items() if entry.kind == "model" and entry.task == task)
    if model not in fitting:
        known = f"there are {', '.join(fitting)}" if fitting else f"add a model of task {task}"
        yield f"{path}: no served {task} model is called {model!r}; {known}"
