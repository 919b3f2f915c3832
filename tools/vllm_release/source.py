"""Reads the surface of a release from its source tree with `ast`.

What is read where (vLLM 0.33): flags are literals of `add_argument` in `vllm/engine/arg_utils.py` and
`vllm/entrypoints/common/cli_args.py`, and fields of the latter's frontend classes; parsers are the keys of the
registries in `vllm/tool_parsers` and `vllm/reasoning`; variables are the keys of `environment_variables` in
`vllm/envs.py`; routes are the paths of decorators of routers; metrics are the `name=` of Prometheus objects. A release
that moves one of them raises ReleaseError instead of giving an empty list.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.vllm_release.errors import ReleaseError
from tools.vllm_release.surface import Surface

_ENGINE = "vllm/engine/arg_utils.py"
_FRONTEND = "vllm/entrypoints/common/cli_args.py"
_FRONTEND_CLASSES = frozenset({"BaseFrontendArgs", "FrontendArgs"})
_ENGINE_CLASSES = frozenset({"EngineArgs", "AsyncEngineArgs"})
_CHOICES = {
    "MaxLoRARanks": "vllm/config/lora.py",
    "RunnerType": "vllm/config/scheduler.py",
    "ConvertType": "vllm/config/model.py",
    "CacheDType": "vllm/config/cache.py",
    "ModelDType": "vllm/config/model.py",
}
_METRICS = ("vllm/v1/metrics", "vllm/v1/spec_decode", "vllm/entrypoints")
_HTTP_METHODS = frozenset({"get", "post", "put", "delete", "api_route", "websocket"})


def extract_surface(tree: Path, *, version: str, sha256: str) -> Surface:
    """The surface of the release whose source lies in `tree`. Raises ReleaseError for a source of another shape."""
    return Surface(
        version=version,
        sha256=sha256,
        flags=_sorted("flags", _flags(tree)),
        choices={name: _literal(tree, file, name) for name, file in _CHOICES.items()},
        tool_parsers=_sorted("tool parsers", _keys(tree, "vllm/tool_parsers/__init__.py", "_TOOL_PARSERS_TO_REGISTER")),
        reasoning_parsers=_sorted(
            "reasoning parsers", _keys(tree, "vllm/reasoning/__init__.py", "_REASONING_PARSERS_TO_REGISTER")
        ),
        variables=_sorted("variables", _keys(tree, "vllm/envs.py", "environment_variables")),
        routes=_sorted("routes", _routes(tree)),
        metrics=dict(sorted(_metrics(tree))),
    )


def _sorted(what: str, found: Iterable[str]) -> tuple[str, ...]:
    values = tuple(sorted(set(found)))
    if not values:
        message = f"no {what} were found in the source: the release has another shape, adapt tools/vllm_release"
        raise ReleaseError(message)
    return values


def _parsed(tree: Path, file: str) -> ast.Module:
    path = tree / file
    if not path.is_file():
        message = f"{file} is not in the source: the release has another shape, adapt tools/vllm_release"
        raise ReleaseError(message)
    return ast.parse(path.read_text("utf-8"))


def _flags(tree: Path) -> Iterator[str]:
    engine, frontend = _parsed(tree, _ENGINE), _parsed(tree, _FRONTEND)
    fields = dict(_fields(engine, _ENGINE_CLASSES))
    for name, annotation in _fields(frontend, _FRONTEND_CLASSES):
        yield from _with_negation(f"--{name.replace('_', '-')}", annotation)
    for call in _calls(engine, frontend):
        if _name(call.func) == "add_argument":
            for flag in _strings(call.args):
                yield from _with_negation(flag, fields.get(flag.removeprefix("--").replace("-", "_"), ""))


def _with_negation(flag: str, annotation: str) -> Iterator[str]:
    """Switches have a `--no-` form (argparse.BooleanOptionalAction)."""
    if flag.startswith("-"):
        yield flag
    if flag.startswith("--") and "bool" in annotation.replace("|", " ").split():
        yield f"--no-{flag.removeprefix('--')}"


def _fields(module: ast.Module, classes: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Annotated fields of `classes` with their annotations as text."""
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name in classes:
            for item in node.body:
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                    yield item.target.id, ast.unparse(item.annotation)


def _routes(tree: Path) -> Iterator[str]:
    for path in sorted((tree / "vllm/entrypoints").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _name(decorator.func) in _HTTP_METHODS:
                    yield from (text for text in _strings(decorator.args) if text.startswith("/"))


def _metrics(tree: Path) -> Iterator[tuple[str, str]]:
    found = False
    for folder in _METRICS:
        for path in sorted((tree / folder).rglob("*.py")):
            for call in _calls(ast.parse(path.read_text("utf-8"))):
                for name in _strings(word.value for word in call.keywords if word.arg == "name"):
                    kind = _kind(_name(call.func).lower())
                    if name.startswith("vllm:") and kind:
                        found = True
                        yield name, kind
    if not found:
        _sorted("metrics", ())


def _kind(constructor: str) -> str:
    return next((kind for kind in ("counter", "gauge", "histogram") if kind in constructor), "")


def _keys(tree: Path, file: str, variable: str) -> Iterator[str]:
    """String keys of the dictionary that is assigned to `variable`."""
    value = _assigned(_parsed(tree, file), variable)
    if isinstance(value, ast.Dict):
        yield from _strings(key for key in value.keys if key is not None)


def _literal(tree: Path, file: str, name: str) -> tuple[str | int, ...]:
    """Values of `name = Literal[...]`."""
    value = _assigned(_parsed(tree, file), name)
    values = value.slice if isinstance(value, ast.Subscript) else None
    elements = values.elts if isinstance(values, ast.Tuple) else [values]
    found = tuple(
        element.value
        for element in elements
        if isinstance(element, ast.Constant) and isinstance(element.value, (str, int))
    )
    if not found:
        message = f"{name} is no list of values in {file}: the release has another shape, adapt tools/vllm_release"
        raise ReleaseError(message)
    return found


def _assigned(module: ast.Module, variable: str) -> ast.expr | None:
    for node in module.body:
        if not isinstance(node, (ast.AnnAssign, ast.Assign)):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id == variable for target in targets):
            return node.value
    return None


def _calls(*modules: ast.Module) -> Iterator[ast.Call]:
    for module in modules:
        yield from (node for node in ast.walk(module) if isinstance(node, ast.Call))


def _strings(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _name(function: ast.expr) -> str:
    """The last part of what is called."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
