"""What Prometheus answers to the queries by which a new version is judged, asked of Prometheus's own evaluator."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.base.rollout_plan import UpdateWindow
from components.vllm_model.workloads.analysis import error_query, latency_query, window_query

OLD, NEW = "qwen3-8b-6d5f8c9b7-x2lvq", "qwen3-8b-7c9d4b5f6-k8wzt"


@pytest.fixture(scope="module")
def promtool() -> str:
    path = shutil.which("promtool")
    if path is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    return path


def asked(query: str) -> str:
    """The query as Argo Rollouts asks it about the new version."""
    return query.replace("{{args.pod-template-hash}}", "7c9d4b5f6")


def answers(promtool: str, folder: Path, query: str, series: dict[str, str], *, at: str, expected: list[float]) -> bool:
    """Whether `query` gives exactly the values `expected` at the time `at` after the start of `series`."""
    samples = [{"labels": "{}", "value": value} for value in expected]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": asked(query), "eval_time": at, "exp_samples": samples}],
    }
    file = folder / "queries.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}), encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "expr:" in done.stderr + done.stdout, done.stderr + done.stdout
    return done.returncode == 0


def http(pod: str, status: str, values: str) -> dict[str, str]:
    return {f'http_requests_total{{namespace="models",pod="{pod}",status="{status}"}}': values}


def ended(pod: str, reason: str, values: str) -> dict[str, str]:
    return {f'vllm:request_success_total{{namespace="models",pod="{pod}",finished_reason="{reason}"}}': values}


ERRORS = error_query("qwen3-8b", "6h", 20)


def test_the_share_of_errors_is_that_of_the_new_version_alone(promtool: str, tmp_path: Path) -> None:
    series = http(NEW, "2xx", "0+90x60") | http(NEW, "5xx", "0+10x60") | http(OLD, "5xx", "0+900x60")
    assert answers(promtool, tmp_path, ERRORS, series, at="1h", expected=[0.1])
    assert not answers(promtool, tmp_path, ERRORS, series, at="1h", expected=[0.9])


def test_a_request_that_fails_in_the_middle_of_its_stream_counts(promtool: str, tmp_path: Path) -> None:
    series = http(NEW, "2xx", "0+100x60") | ended(NEW, "error", "0+5x60") | ended(NEW, "stop", "0+95x60")
    assert answers(promtool, tmp_path, ERRORS, series, at="1h", expected=[0.05])


def test_no_error_is_a_share_of_zero_and_no_request_is_no_number(promtool: str, tmp_path: Path) -> None:
    assert answers(promtool, tmp_path, ERRORS, http(NEW, "2xx", "0+100x60"), at="1h", expected=[0])
    assert answers(promtool, tmp_path, ERRORS, http(OLD, "2xx", "0+100x60"), at="1h", expected=[])
    # 12 requests in an hour are fewer than 20.
    assert answers(promtool, tmp_path, ERRORS, http(NEW, "2xx", "0 12x60"), at="1h", expected=[])


def buckets(metric: str, pod: str, counts: dict[str, int]) -> dict[str, str]:
    labels = f'namespace="models",pod="{pod}"'
    return {f'{metric}_bucket{{{labels},le="{le}"}}': f"0+{step}x60" for le, step in counts.items()}


@pytest.mark.parametrize(
    ("task", "metric"),
    [("chat", "vllm:time_to_first_token_seconds"), ("embedding", "http_request_duration_highr_seconds")],
)
def test_latency_is_the_slowest_of_twenty(promtool: str, tmp_path: Path, task: Any, metric: str) -> None:
    query = latency_query("qwen3-8b", task, "6h", 20)
    fast = buckets(metric, NEW, {"1": 100, "5": 100, "+Inf": 100}) | buckets(metric, OLD, {"1": 0, "5": 0, "+Inf": 900})
    requests = http(NEW, "2xx", "0+100x60")
    assert answers(promtool, tmp_path, query, fast | requests, at="1h", expected=[0.95])
    assert answers(promtool, tmp_path, query, fast, at="1h", expected=[])


@pytest.mark.parametrize(
    ("at", "is_open"),
    # Prometheus's tests begin on Thursday, 1970-01-01, 00:00 UTC.
    [("72h59m", 0), ("73h", 1), ("76h59m", 1), ("77h", 0), ("0h", 0), ("241h", 1)],
)
def test_a_window_opens_and_shuts_as_the_calendar_says(promtool: str, tmp_path: Path, at: str, is_open: float) -> None:
    sunday_night = UpdateWindow(start=6 * 24 * 60 + 60, minutes=240)
    assert answers(promtool, tmp_path, window_query((sunday_night,)), {"up": "1x20000"}, at=at, expected=[is_open])


def test_one_open_window_of_several_is_enough(promtool: str, tmp_path: Path) -> None:
    windows = (UpdateWindow(start=6 * 24 * 60 + 60, minutes=240), UpdateWindow(start=3 * 24 * 60, minutes=60))
    assert answers(promtool, tmp_path, window_query(windows), {"up": "1x2000"}, at="30m", expected=[1])
    assert answers(promtool, tmp_path, window_query(windows), {"up": "1x2000"}, at="2h", expected=[0])
