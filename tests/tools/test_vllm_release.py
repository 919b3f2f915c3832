"""Flags, parsers, variables, routes and metrics that this repository uses, against the pinned vLLM release."""

from __future__ import annotations

import ast
import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from components.base.adapters import ADAPTER_RANKS
from components.base.pins import VLLM
from components.base.tasks import TASKS, served_routes
from stacks.schema.model_parsers import ReasoningParser, ToolCallParser
from tests.builders.exported_metrics import METRICS
from tools.vllm_release import sdist
from tools.vllm_release.errors import ReleaseError
from tools.vllm_release.sdist import sdist_link, sdist_tree
from tools.vllm_release.source import extract_surface
from tools.vllm_release.surface import read_surface

ROOT = Path(__file__).resolve().parents[2]
SURFACE = read_surface()
FLAG = re.compile(r"--[a-z][a-z0-9-]+")
VARIABLE = re.compile(r"VLLM_[A-Z0-9_]+")
METRIC = re.compile(r"vllm:[a-z_]+")


def strings(*folders: str) -> Iterator[str]:
    """Every piece of text in the programs below `folders`, without docstrings."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                    yield node.value


def used(pattern: re.Pattern[str], *folders: str) -> set[str]:
    """What `pattern` finds at the beginning of a text, as arguments and names of variables stand."""
    return {found[0] for text in strings(*folders) if (found := pattern.match(text))}


def test_the_lists_are_those_of_the_pinned_release() -> None:
    assert f"v{SURFACE.version}" == VLLM.tag, "run: python -m tools.vllm_release"


def test_every_flag_exists() -> None:
    flags = used(FLAG, "components/vllm_model")
    assert {"--served-model-name", "--max-lora-rank", "--load-format", "--no-enable-prefix-caching"} <= flags
    assert flags <= set(SURFACE.flags)


def test_every_variable_of_vllm_exists() -> None:
    variables = used(VARIABLE, "components/vllm_model")
    assert {"VLLM_API_KEY", "VLLM_CACHE_ROOT", "VLLM_ALLOW_RUNTIME_LORA_UPDATING"} <= variables
    assert variables <= set(SURFACE.variables)


def test_the_parsers_of_the_settings_are_those_of_the_release() -> None:
    assert set(get_args(ToolCallParser)) == set(SURFACE.tool_parsers)
    assert set(get_args(ReasoningParser)) == set(SURFACE.reasoning_parsers)


def test_every_route_exists() -> None:
    # The metrics are mounted as an application of their own, not declared as a route.
    routes = {route for task in TASKS for route in served_routes(task)} - {"/metrics"}
    assert routes <= set(SURFACE.routes)


def test_values_of_limited_flags_are_allowed() -> None:
    assert set(ADAPTER_RANKS) <= set(SURFACE.choices["MaxLoRARanks"])
    assert {facts.runner for facts in TASKS.values()} <= set(SURFACE.choices["RunnerType"])
    assert {facts.convert for facts in TASKS.values()} - {None} <= set(SURFACE.choices["ConvertType"])
    assert {"auto", "fp8"} <= set(SURFACE.choices["CacheDType"])
    assert {"bfloat16", "float16"} <= set(SURFACE.choices["ModelDType"])


def test_every_metric_of_rules_dashboards_and_scaling_exists() -> None:
    written = {name for text in strings("components", "stacks") for name in METRIC.findall(text)}
    assert {"vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"} <= written
    # Some are put together from pieces; what comes out is held against METRICS by the tests of rules and dashboards.
    assert not [name for name in written if not any(sample.startswith(name) for sample in SURFACE.samples)]
    assert {name for name in METRICS if name.startswith("vllm:")} <= SURFACE.samples


def test_a_counter_is_exported_with_its_ending_and_a_gauge_without() -> None:
    assert SURFACE.metrics["vllm:prompt_tokens"] == "counter"
    assert "vllm:prompt_tokens_total" in SURFACE.samples
    assert "vllm:prompt_tokens" not in SURFACE.samples
    assert "vllm:num_requests_waiting" in SURFACE.samples
    assert "vllm:time_to_first_token_seconds_bucket" in SURFACE.samples
    # Names that older dashboards use.
    assert not {"vllm:gpu_cache_usage_perc", "vllm:time_per_output_token_seconds_bucket"} & SURFACE.samples


def test_the_lists_are_what_the_release_s_source_says() -> None:
    try:
        tree, sha256 = sdist_tree(SURFACE.version, SURFACE.sha256)
    except ReleaseError as error:
        if "cannot be read" in str(error):
            pytest.skip(str(error))
        raise
    assert extract_surface(tree, version=SURFACE.version, sha256=sha256) == SURFACE


SOURCES = {
    "vllm/engine/arg_utils.py": """
class EngineArgs:
    runner: str = "auto"
    enable_lora: bool = False
def add_cli_args(parser):
    group = parser.add_argument_group("x")
    group.add_argument("--runner", **kwargs["runner"])
    group.add_argument("--enable-lora", **kwargs["enable_lora"])
""",
    "vllm/entrypoints/common/cli_args.py": """
class BaseFrontendArgs:
    chat_template: str | None = None
    enable_usage: bool = False
class Unrelated:
    other: str
""",
    "vllm/entrypoints/api.py": """
@router.post("/v1/things", dependencies=[])
async def things(): ...
@other("/v1/not-a-route")
def nothing(): ...
""",
    "vllm/tool_parsers/__init__.py": '_TOOL_PARSERS_TO_REGISTER = {"hermes": ("a", "b")}',
    "vllm/reasoning/__init__.py": '_REASONING_PARSERS_TO_REGISTER = {"qwen3": ("a", "b")}',
    "vllm/envs.py": 'environment_variables: dict[str, int] = {"VLLM_A": 1, "VLLM_B": 2}',
    "vllm/v1/metrics/loggers.py": 'x = self._counter_cls(name="vllm:prompts", documentation="")',
    "vllm/config/lora.py": "MaxLoRARanks = Literal[8, 16]",
    "vllm/config/scheduler.py": 'RunnerType = Literal["generate"]',
    "vllm/config/model.py": 'ConvertType = Literal["none"]\nModelDType = Literal["auto", "half"]',
    "vllm/config/cache.py": 'CacheDType: TypeAlias = Literal["auto"]',
}


@pytest.fixture
def make_tree(tmp_path: Path) -> Callable[..., Path]:
    def make(**changes: str) -> Path:
        for file, text in (SOURCES | changes).items():
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(text)
        return tmp_path

    return make


def test_flags_are_literals_fields_and_negations(make_tree: Callable[..., Path]) -> None:
    surface = extract_surface(make_tree(), version="1", sha256="a")
    assert surface.flags == (
        "--chat-template",
        "--enable-lora",
        "--enable-usage",
        "--no-enable-lora",
        "--no-enable-usage",
        "--runner",
    )
    assert surface.routes == ("/v1/things",)
    assert surface.variables == ("VLLM_A", "VLLM_B")
    assert surface.choices["MaxLoRARanks"] == (8, 16)
    assert surface.samples == {"vllm:prompts_total", "vllm:prompts_created"}


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("vllm/envs.py", "something_else = {}", "no variables"),
        ("vllm/tool_parsers/__init__.py", "", "no tool parsers"),
        ("vllm/v1/metrics/loggers.py", "", "no metrics"),
        ("vllm/config/lora.py", "MaxLoRARanks = int", "MaxLoRARanks is no list of values"),
    ],
)
def test_a_release_of_another_shape_is_an_error_not_an_empty_list(
    make_tree: Callable[..., Path], file: str, text: str, words: str
) -> None:
    with pytest.raises(ReleaseError, match=words):
        extract_surface(make_tree(**{file: text}), version="1", sha256="a")


@pytest.fixture
def index() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A package index on loopback: its address, and content by path."""
    pages: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args: Any, **kwargs: Any) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", pages
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_archive_is_found_with_its_hash(index: tuple[str, dict[str, bytes]]) -> None:
    url, pages = index
    pages["/vllm/"] = (
        b'<a href="../files/vllm-1.0.whl#sha256=00">vllm-1.0.whl</a>'
        b'<a data-x="1" href="../files/vllm-1.0.tar.gz#sha256=abc">vllm-1.0.tar.gz</a>'
    )
    assert sdist_link(url, "1.0") == (f"{url}/files/vllm-1.0.tar.gz", "abc")
    with pytest.raises(ReleaseError, match=r"no vllm-2\.0\.tar\.gz"):
        sdist_link(url, "2.0")


def test_an_archive_with_another_hash_is_not_used(
    index: tuple[str, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, pages = index
    monkeypatch.setattr(sdist, "index_url", lambda: url)
    pages["/vllm/"] = b'<a href="../vllm-1.0.tar.gz#sha256=abc">vllm-1.0.tar.gz</a>'
    pages["/vllm-1.0.tar.gz"] = b"something else"
    with pytest.raises(ReleaseError, match="the index announced abc"):
        sdist_tree("1.0", cache=tmp_path)
    with pytest.raises(ReleaseError, match="expected def"):
        sdist_tree("1.0", "def", cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_index_is_the_one_that_pip_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.org/simple")
    assert sdist.index_url() == "https://packages.example.org/simple"


def test_an_index_without_encryption_is_not_read() -> None:
    with pytest.raises(ReleaseError, match="https"):
        sdist_link("http://packages.example.org/simple", "1.0")


def test_the_file_keeps_one_entry_a_line() -> None:
    text = (ROOT / "tests/data/vllm_options.json").read_text("utf-8")
    assert json.loads(text)["version"] == SURFACE.version
    assert max(map(len, text.splitlines())) < 120
