from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.base.capacity import Fit, fit
from components.base.gpus import find_gpu
from components.base.memory_terms import activation_gib, checkpoint_gib, kv_bytes_per_token, request_gib, weights_gib
from components.base.model_catalogue import CATALOGUE, find_model
from components.base.models import Architecture, UnknownModelError
from components.base.serving import Serving


def serving_of(model: str, **changes: Any) -> Serving:
    architecture = find_model(model)
    fields: dict[str, Any] = {
        "architecture": architecture,
        "task": architecture.tasks[0],
        "max_model_len": min(32768, architecture.max_context),
        "weights": architecture.checkpoint,
    }
    return Serving(**(fields | changes))


def fit_of(model: str, gpu: str, **changes: Any) -> Fit:
    return fit(serving_of(model, **changes), find_gpu(gpu).memory_gib)


@pytest.mark.parametrize(
    ("model", "gpus", "gib"),
    [
        # https://github.com/vllm-project/vllm/pull/10511: "model weights take 14.96GiB", with -tp 2 "7.48GiB"
        ("meta-llama/Llama-3.1-8B-Instruct", 1, 14.96),
        ("meta-llama/Llama-3.1-8B-Instruct", 2, 7.48),
        # https://github.com/vllm-project/vllm/issues/33155: "Model loading took 64.38 GiB memory"
        ("openai/gpt-oss-120b", 1, 64.38),
        # https://huggingface.co/BAAI/bge-reranker-v2-m3: model.safetensors holds 2,271,071,852 bytes in 32 bits
        ("BAAI/bge-reranker-v2-m3", 1, 2.115 / 2),
    ],
)
def test_weights_take_what_vllm_reports(model: str, gpus: int, gib: float) -> None:
    assert weights_gib(serving_of(model, tensor_parallel=gpus)) == pytest.approx(gib, rel=0.01)


@pytest.mark.parametrize(
    ("model", "size"),
    [
        # https://github.com/vllm-project/vllm/issues/10517: 3.81 GiB hold 1,952 blocks of 16 tokens
        ("meta-llama/Llama-3.1-8B-Instruct", 3.81 * 2**30 / (1952 * 16)),
        # layers x key/value heads x head size x 2 (key and value) x 2 bytes, by hand
        ("Qwen/Qwen3-8B", 36 * 8 * 128 * 2 * 2),
        ("Qwen/Qwen3-32B", 64 * 8 * 128 * 2 * 2),
        ("Qwen/Qwen3-30B-A3B", 48 * 4 * 128 * 2 * 2),
        ("deepseek-ai/DeepSeek-V3.1", 61 * (512 + 64) * 2),
        ("BAAI/bge-reranker-v2-m3", 0),
    ],
)
def test_a_token_keeps_its_keys_and_values_in_every_layer(model: str, size: float) -> None:
    assert kv_bytes_per_token(serving_of(model)) == pytest.approx(size, rel=0.005)


@pytest.mark.parametrize(
    ("model", "gpu", "changes", "fits"),
    [
        # https://github.com/vllm-project/vllm/issues/10517: on 23.6 GiB, 20,000 tokens start and 131,072 do not
        ("meta-llama/Llama-3.1-8B-Instruct", "NVIDIA-A30", {"max_model_len": 20000}, True),
        ("meta-llama/Llama-3.1-8B-Instruct", "NVIDIA-A30", {"max_model_len": 131072}, False),
        # https://github.com/vllm-project/vllm/issues/27508: not on one H100 with the defaults
        ("openai/gpt-oss-120b", "NVIDIA-H100-80GB-HBM3", {"max_model_len": 131072}, False),
        ("openai/gpt-oss-120b", "NVIDIA-H100-80GB-HBM3", {"max_model_len": 131072, "tensor_parallel": 2}, True),
        ("Qwen/Qwen3-32B", "NVIDIA-L40S", {}, False),
        ("Qwen/Qwen3-32B", "NVIDIA-L40S", {"tensor_parallel": 2}, True),
        ("Qwen/Qwen3-32B", "NVIDIA-H200", {}, True),
        ("meta-llama/Llama-3.3-70B-Instruct", "NVIDIA-H200", {}, False),
        ("meta-llama/Llama-3.3-70B-Instruct", "NVIDIA-H200", {"weights": "fp8"}, True),
    ],
)
def test_a_model_fits_where_it_is_known_to(model: str, gpu: str, changes: dict[str, Any], fits: bool) -> None:
    assert fit_of(model, gpu, **changes).fits is fits


def test_the_terms_add_up_to_what_vllm_may_use() -> None:
    result = fit_of("Qwen/Qwen3-8B", "NVIDIA-L40S")
    assert result.budget_gib == pytest.approx(44.3 * 0.9)
    assert result.weights_gib + result.overhead_gib + result.kv_cache_gib == pytest.approx(result.budget_gib)
    assert result.max_concurrent_full_length == pytest.approx(result.kv_tokens / 32768, abs=0.01)


def test_the_sum_can_be_read() -> None:
    lines = fit_of("Qwen/Qwen3-32B", "NVIDIA-L40S", tensor_parallel=4).explain()
    text = "\n".join(lines)
    for part in (
        "44.30 GiB x 0.90 = 39.87 GiB",
        "15.26 GiB (32.76 billion parameters in bf16)",
        "64.0 KiB",
        "32,768 tokens",
    ):
        assert part in text


def test_quantization_leaves_the_embeddings_in_sixteen_bits() -> None:
    sixteen, eight = (weights_gib(serving_of("Qwen/Qwen3-8B", weights=each)) for each in ("bf16", "fp8"))
    embeddings = 151936 * 4096 * 2 * 2 / 2**30
    assert eight == pytest.approx((sixteen - embeddings) / 2 + embeddings, rel=0.001)


def test_only_experts_are_in_four_bits_in_mxfp4() -> None:
    everything_else = (116.83 - 114.70) * 2
    padded_experts = 114.70 * (0.5 + 1 / 32) * 3072 / 2880
    assert weights_gib(serving_of("openai/gpt-oss-120b")) == pytest.approx(
        (everything_else + padded_experts) / 1.073741824, rel=0.001
    )


def test_heads_that_are_fewer_than_the_gpus_are_copied() -> None:
    four, eight = (kv_bytes_per_token(serving_of("Qwen/Qwen3-30B-A3B", tensor_parallel=n)) for n in (4, 8))
    assert four == eight


def test_a_latent_cache_is_on_every_gpu() -> None:
    one, eight = (kv_bytes_per_token(serving_of("deepseek-ai/DeepSeek-V3.1", tensor_parallel=n)) for n in (1, 8))
    assert one == eight


def test_sliding_layers_keep_their_window_only() -> None:
    serving = serving_of("openai/gpt-oss-20b", max_model_len=131072)
    layer = 2 * 8 * 64 * 2
    expected = (12 * 131072 + 12 * (128 + 2048)) * layer / 2**30
    assert request_gib(serving, 131072, 2048) == pytest.approx(expected)


def test_a_transcription_keeps_the_encoder_s_output() -> None:
    serving = serving_of("openai/whisper-large-v3")
    assert request_gib(serving, 448, 2048) == pytest.approx(32 * 2 * 20 * 64 * 2 * (448 + 1500) / 2**30)


def test_an_encoder_needs_no_cache_and_is_bounded_by_its_sequences() -> None:
    result = fit_of("BAAI/bge-reranker-v2-m3", "NVIDIA-L4", max_num_seqs=64)
    assert (result.request_gib, result.kv_tokens, result.max_concurrent_full_length) == (0, 0, 64)
    assert result.fits


def test_an_encoder_reads_a_whole_text_at_once() -> None:
    assert serving_of("BAAI/bge-reranker-v2-m3", max_model_len=8192).batched_tokens(22.0) == 8192
    assert serving_of("Qwen/Qwen3-8B").batched_tokens(22.0) == 2048
    assert serving_of("Qwen/Qwen3-8B").batched_tokens(79.1) == 8192


def test_an_image_encoder_needs_room_whatever_the_model_is_served_for() -> None:
    seen = serving_of("google/gemma-3-27b-it", task="chat")
    blind = replace(seen, architecture=replace(seen.architecture, tasks=("chat",)))
    assert activation_gib(seen, 2048) == pytest.approx(activation_gib(blind, 2048) + 2.0)


def test_what_is_copied_is_what_was_published() -> None:
    assert checkpoint_gib(serving_of("Qwen/Qwen3-32B", weights="fp8", tensor_parallel=2)) == pytest.approx(
        61.0, rel=0.01
    )


def test_a_gpu_without_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="holds nothing"):
        fit(serving_of("Qwen/Qwen3-8B"), 0)


DENSE_TEXT = [
    entry
    for entry in CATALOGUE.values()
    if not entry.expert_parameters_billion
    and not entry.encoder_only
    and not entry.cross_attention_tokens
    and "vision" not in entry.tasks
]


@pytest.mark.parametrize("entry", DENSE_TEXT, ids=lambda entry: entry.name)
def test_parameters_follow_from_the_other_numbers_of_dense_models(entry: Architecture) -> None:
    attention = entry.hidden_size * entry.head_dim * (2 * entry.heads + 2 * entry.kv_heads)
    layer = attention + 3 * entry.hidden_size * entry.intermediate_size
    total = entry.layers * layer + entry.embedding_parameters
    assert total / 1e9 == pytest.approx(entry.parameters_billion, rel=0.01)


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.name)
def test_catalogue_entries_are_coherent(entry: Architecture) -> None:
    assert entry.source == f"https://huggingface.co/{entry.name}/blob/main/config.json"
    assert entry.heads % entry.kv_heads == 0
    assert entry.sliding_layers <= entry.layers
    assert bool(entry.sliding_layers) == bool(entry.sliding_window)
    assert entry.expert_parameters_billion < entry.parameters_billion
    assert entry.license
    assert entry.tasks


def test_a_misspelt_model_is_answered_with_the_closest_ones() -> None:
    with pytest.raises(UnknownModelError, match="did you mean Qwen/Qwen3-8B"):
        find_model("qwen/qwen3-8b")


CONTEXTS = st.integers(min_value=1, max_value=131072)
MEMORY = st.floats(min_value=8, max_value=200)
ENTRIES = st.sampled_from(sorted(CATALOGUE))
COUNTS = st.sampled_from([1, 2, 4, 8])


@given(model=ENTRIES, shorter=CONTEXTS, longer=CONTEXTS, memory=MEMORY)
def test_a_shorter_context_never_fits_worse(model: str, shorter: int, longer: int, memory: float) -> None:
    shorter, longer = sorted((shorter, longer))
    small, large = (fit(serving_of(model, max_model_len=tokens), memory) for tokens in (shorter, longer))
    assert small.request_gib <= large.request_gib
    assert small.fits or not large.fits


@given(model=ENTRIES, less=MEMORY, more=MEMORY)
def test_more_memory_of_one_tier_never_fits_worse(model: str, less: float, more: float) -> None:
    less, more = sorted((less, more))
    serving = serving_of(model)
    if serving.batched_tokens(less) == serving.batched_tokens(more):
        assert fit(serving, less).kv_cache_gib <= fit(serving, more).kv_cache_gib + 1e-9


@given(model=ENTRIES, count=COUNTS)
def test_splitting_spreads_the_weights_and_never_enlarges_the_cache_of_a_token(model: str, count: int) -> None:
    one, split = serving_of(model), serving_of(model, tensor_parallel=count)
    assert weights_gib(split) == pytest.approx(weights_gib(one) / count)
    assert kv_bytes_per_token(split) <= kv_bytes_per_token(one)
    assert kv_bytes_per_token(split) * count >= kv_bytes_per_token(one)


@given(
    layers=st.integers(1, 128),
    kv_heads=st.integers(1, 64),
    head_dim=st.sampled_from([64, 128, 256]),
    more=st.integers(0, 64),
)
def test_the_cache_grows_with_layers_and_heads_and_halves_in_fp8(
    layers: int, kv_heads: int, head_dim: int, more: int
) -> None:
    base = find_model("Qwen/Qwen3-8B")
    small = replace(base, layers=layers, kv_heads=kv_heads, head_dim=head_dim)
    large = replace(small, layers=layers + more, kv_heads=kv_heads + more)
    serving = serving_of("Qwen/Qwen3-8B", architecture=small)
    assert kv_bytes_per_token(serving) == layers * kv_heads * head_dim * 4
    assert kv_bytes_per_token(serving) <= kv_bytes_per_token(replace(serving, architecture=large))
    assert kv_bytes_per_token(replace(serving, kv_cache="fp8")) * 2 == kv_bytes_per_token(serving)


@given(model=ENTRIES, stages=st.sampled_from([1, 2, 4]))
def test_stages_of_a_pipeline_hold_no_more_than_the_whole(model: str, stages: int) -> None:
    whole, staged = serving_of(model), serving_of(model, pipeline_parallel=stages)
    assert weights_gib(staged) <= weights_gib(whole) + 1e-9
    assert weights_gib(staged) * stages >= weights_gib(whole) - 1e-9
    assert kv_bytes_per_token(staged) * stages >= kv_bytes_per_token(whole)
