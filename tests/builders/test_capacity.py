from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.base.capacity import Fit, fit
from components.base.gpus import find_gpu
from components.base.memory_terms import (
    activation_gib,
    adapters_gib,
    checkpoint_gib,
    cuda_graphs_gib,
    kv_bytes_per_token,
    request_gib,
    weights_gib,
)
from components.base.model_catalogue import CATALOGUE, find_model
from components.base.models import Architecture, ImageEncoder, Task, UnknownModelError
from components.base.node_pools import NodePool
from components.base.serving import Serving
from components.base.serving_alternatives import alternatives
from components.base.serving_rules import serving_problems


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
        # https://myoceane.fr/index.php/ai-vllm-a100-gemma-4/: 13.72 GiB on an A100
        ("openai/gpt-oss-20b", 1, 13.72),
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


@pytest.mark.parametrize(("gpus", "part", "padded"), [(1, 2880, 2944), (2, 1440, 1536), (8, 360, 384)])
def test_only_experts_are_in_four_bits_in_mxfp4_and_each_gpu_s_part_of_them_is_padded(
    gpus: int, part: int, padded: int
) -> None:
    everything_else = (116.83 - 114.70) * 2
    experts = 114.70 * (0.5 + 1 / 32) * 3072 / 2880 * padded / part
    assert weights_gib(serving_of("openai/gpt-oss-120b", tensor_parallel=gpus)) * gpus == pytest.approx(
        (everything_else + experts) / 1.073741824, rel=0.001
    )


def test_a_kernel_that_pads_less_takes_less_than_is_counted_on() -> None:
    # https://github.com/vllm-project/vllm/issues/33155: "Model loading took 64.38 GiB memory"
    assert 64.38 <= weights_gib(serving_of("openai/gpt-oss-120b")) <= 64.38 * 1.025


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


def test_an_image_encoder_needs_room_where_images_are_read() -> None:
    seen = serving_of("Qwen/Qwen3-VL-8B-Instruct", task="vision")
    blind = replace(seen, task="chat")
    # One image of 16,384 tokens, four patches each: the residual stream twice and three times the wide layer.
    encoder = 16384 * 4 * (2 * 1152 + 3 * 4304) * 2 / 2**30
    results = 16384 * 4096 * 2 / 2**30
    assert activation_gib(seen, 2048) == pytest.approx(encoder + results)
    assert activation_gib(blind, 2048) < 1


def test_small_images_share_a_batch() -> None:
    serving = serving_of("google/gemma-3-27b-it", task="vision")
    encoder = ImageEncoder(hidden_size=1152, intermediate_size=4304, image_tokens=8192, patches_per_token=16)
    large = replace(serving, architecture=replace(serving.architecture, image_encoder=encoder))
    assert activation_gib(serving, 8192) == pytest.approx(activation_gib(large, 8192))
    assert activation_gib(serving, 256) < activation_gib(large, 256)


def test_an_encoder_that_is_not_described_gets_an_allowance() -> None:
    seen = serving_of("google/gemma-3-27b-it", task="vision")
    unknown = replace(seen, architecture=replace(seen.architecture, image_encoder=None))
    assert activation_gib(unknown, 2048) == pytest.approx(activation_gib(replace(seen, task="chat"), 2048) + 2.0)


def test_a_video_takes_what_was_measured_where_that_is_more_than_images_take() -> None:
    seen = serving_of("google/gemma-3-27b-it", task="vision")
    unknown = replace(seen, architecture=replace(seen.architecture, image_encoder=None))
    for serving in (seen, unknown):
        assert activation_gib(replace(serving, video_gib=0.01), 2048) == activation_gib(serving, 2048)
        assert activation_gib(replace(serving, video_gib=12.0), 2048) >= 12.0


def test_graphs_are_captured_for_as_many_sizes_as_vllm_logs() -> None:
    # "Profiling CUDA graph memory: PIECEWISE=51 (largest=512), FULL=35 (largest=256)", and 35 and 19 for 128 sequences.
    per_graph = cuda_graphs_gib(serving_of("Qwen/Qwen3-8B", max_num_seqs=256)) / (51 + 35)
    assert cuda_graphs_gib(serving_of("Qwen/Qwen3-8B", max_num_seqs=128)) == pytest.approx(per_graph * (35 + 19))
    assert cuda_graphs_gib(serving_of("Qwen/Qwen3-8B", max_num_seqs=16)) == pytest.approx(per_graph * (7 + 5))


def test_every_adapter_slot_has_both_matrices_of_every_layer() -> None:
    serving = serving_of("Qwen/Qwen3-8B", adapter_slots=3, adapter_rank=16)
    attention = (4096 + 4096) * 2 + (4096 + 1024) * 2
    feed_forward = (4096 + 12288) * 3
    embeddings = 2 * (151936 + 4096)
    numbers = 3 * 16 * (36 * (attention + feed_forward) + embeddings)
    assert adapters_gib(serving) == pytest.approx(numbers * 2 / 2**30)
    assert adapters_gib(replace(serving, adapter_slots=0)) == 0


def test_experts_have_adapters_of_their_own() -> None:
    serving = serving_of("Qwen/Qwen3-30B-A3B", adapter_slots=1, adapter_rank=8)
    experts = 128 * 3 * (2048 + 768) * 48 * 8 * 2 / 2**30
    assert adapters_gib(serving) == pytest.approx(experts, rel=0.05)


def test_slots_take_their_memory_from_the_cache() -> None:
    without = fit_of("Qwen/Qwen3-8B", "NVIDIA-L4", max_model_len=4096)
    slots = fit_of("Qwen/Qwen3-8B", "NVIDIA-L4", max_model_len=4096, adapter_slots=4, adapter_rank=64)
    assert slots.kv_cache_gib == pytest.approx(without.kv_cache_gib - slots.adapters_gib)
    assert slots.weights_gib + slots.overhead_gib + slots.kv_cache_gib == pytest.approx(slots.budget_gib)
    assert "4 of rank 64" in "\n".join(slots.explain())


def test_prefixes_that_requests_share_keep_their_part_of_the_cache() -> None:
    whole = fit_of("Qwen/Qwen3-8B", "NVIDIA-L40S")
    shared = fit_of("Qwen/Qwen3-8B", "NVIDIA-L40S", prefix_cache_share=0.25)
    assert shared.kv_cache_gib == whole.kv_cache_gib
    assert shared.kv_tokens == pytest.approx(whole.kv_tokens * 0.75, rel=0.001)
    assert "GiB of it" in "\n".join(shared.explain())
    tight = fit_of("Qwen/Qwen3-8B", "NVIDIA-L40S", max_model_len=whole.kv_tokens - 100)
    assert tight.fits
    assert not fit_of("Qwen/Qwen3-8B", "NVIDIA-L40S", max_model_len=whole.kv_tokens - 100, prefix_cache_share=0.1).fits


def test_several_nodes_and_copies_can_be_read_off_the_sum() -> None:
    spread = fit_of("Qwen/Qwen3-32B", "NVIDIA-L40S", tensor_parallel=4, pipeline_parallel=2, nodes=2)
    assert "8 on 2 nodes (tensor parallel 4, pipeline parallel 2)" in spread.explain()[0]
    copies = fit_of("Qwen/Qwen3-8B", "NVIDIA-L40S", data_parallel=2)
    assert "data parallel 2" in copies.explain()[0]
    assert "in each of 2 copies" in "\n".join(copies.explain())


def pool_of(product: str = "NVIDIA-L40S", gpus: int = 8, nodes: int = 2) -> NodePool:
    return NodePool(
        name="gpus",
        role="gpu",
        cpu=256,
        memory_gib=2048,
        min_nodes=nodes,
        max_nodes=nodes,
        product=product,
        gpus_per_node=gpus,
        memory_per_gpu_gib=find_gpu(product).memory_gib,
    )


@pytest.mark.parametrize(
    ("model", "changes", "key", "words"),
    [
        ("Qwen/Qwen3-30B-A3B", {"data_parallel": 2}, "gpu.dataParallel", "set dataParallel: 1 and raise replicas"),
        (
            "Qwen/Qwen3-8B",
            {"data_parallel": 2, "pipeline_parallel": 2, "nodes": 2},
            "gpu.dataParallel",
            "2 copies on 2 nodes are not supported",
        ),
        (
            "Qwen/Qwen3-8B",
            {"tensor_parallel": 2, "pipeline_parallel": 3, "nodes": 2},
            "gpu.nodes",
            "3 pipeline stages cannot be shared over 2 nodes",
        ),
        (
            "Qwen/Qwen3-8B",
            {"adapter_slots": 2, "adapter_rank": 24},
            "adapterSlots.rank",
            "the nearest that holds it is 32",
        ),
        ("Qwen/Qwen3-8B", {"adapter_slots": 1, "adapter_rank": 4096}, "adapterSlots.rank", "is 512"),
    ],
)
def test_copies_nodes_and_slots_that_cannot_be_name_their_key_and_the_fix(
    model: str, changes: dict[str, Any], key: str, words: str
) -> None:
    (problem,) = serving_problems(serving_of(model, **changes), pool_of())
    assert problem.key == key
    assert words in problem.message


def test_copies_of_a_dense_model_share_a_node() -> None:
    assert serving_problems(serving_of("Qwen/Qwen3-8B", data_parallel=4, tensor_parallel=2), pool_of()) == []


def test_what_no_node_holds_is_offered_on_several() -> None:
    pool = pool_of("NVIDIA-H100-80GB-HBM3")
    serving = serving_of("deepseek-ai/DeepSeek-V3.1", tensor_parallel=8)
    assert "gpu: {count: 8, nodes: 2}" in alternatives(serving, pool, [pool])
    # A larger count on one node comes before a second node.
    single = alternatives(serving_of("Qwen/Qwen3-32B"), pool_of(), [])
    assert "gpu.count: 2" in single
    assert not any("nodes" in text for text in single)


def test_fewer_places_for_adapters_are_offered_where_they_suffice() -> None:
    pool = pool_of("NVIDIA-L4", 1)
    serving = serving_of("Qwen/Qwen3-8B", max_model_len=8192, adapter_slots=8, adapter_rank=64)
    options = alternatives(serving, pool, [pool])
    assert options[0].startswith("adapterSlots.count: ")
    fewer = int(options[0].rpartition(" ")[2])
    assert fit(replace(serving, adapter_slots=fewer), 22.0).fits
    assert not fit(replace(serving, adapter_slots=fewer + 1), 22.0).fits


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


EXPERTS = [entry for entry in CATALOGUE.values() if entry.experts_per_token and not entry.latent_size]


@pytest.mark.parametrize("entry", EXPERTS, ids=lambda entry: entry.name)
def test_what_is_not_in_experts_follows_from_the_other_numbers(entry: Architecture) -> None:
    """Attention and embeddings; routers, shared experts and image encoders are what is left, below 2 %."""
    attention = entry.layers * entry.hidden_size * entry.head_dim * (2 * entry.heads + 2 * entry.kv_heads)
    total = (attention + entry.embedding_parameters) / 1e9 + entry.expert_parameters_billion
    assert 0.98 <= total / entry.parameters_billion <= 1.001


ENCODERS = [entry for entry in CATALOGUE.values() if entry.encoder_only and "image-embedding" not in entry.tasks]


@pytest.mark.parametrize("entry", ENCODERS, ids=lambda entry: entry.name)
def test_parameters_follow_from_the_other_numbers_of_encoders(entry: Architecture) -> None:
    """Beside layers and tokens there is an embedding of every position, and a head of the size of attention."""
    layer = 4 * entry.hidden_size**2 + 2 * entry.hidden_size * entry.intermediate_size
    positions = entry.max_context * entry.hidden_size
    total = entry.layers * layer + entry.embedding_parameters + positions
    assert total / 1e9 == pytest.approx(entry.parameters_billion, rel=0.01)


def test_the_catalogue_has_models_of_every_task() -> None:
    assert len(CATALOGUE) >= 25
    counted = {task: sum(task in entry.tasks for entry in CATALOGUE.values()) for task in get_args(Task)}
    assert min(counted.values()) >= 2, counted


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.name)
def test_catalogue_entries_are_coherent(entry: Architecture) -> None:
    assert entry.source == f"https://huggingface.co/{entry.name}/blob/main/config.json"
    assert entry.heads % entry.kv_heads == 0
    assert entry.sliding_layers <= entry.layers
    assert bool(entry.sliding_layers) == bool(entry.sliding_window)
    assert entry.expert_parameters_billion < entry.parameters_billion
    assert bool(entry.experts_per_token) == bool(entry.expert_parameters_billion)
    assert entry.image_encoder is None or "vision" in entry.tasks
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
    # The parts of experts in four bits are padded, each for itself.
    padding = 0.05 if split.weights == "mxfp4" else 1e-6
    assert 1 - 1e-6 <= weights_gib(split) * count / weights_gib(one) <= 1 + padding
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


@given(model=ENTRIES, copies=COUNTS, split=COUNTS)
def test_a_copy_holds_what_the_model_alone_would(model: str, copies: int, split: int) -> None:
    alone, copied = (fit(serving_of(model, tensor_parallel=split, data_parallel=n), 80.0) for n in (1, copies))
    assert copied.kv_tokens == alone.kv_tokens
    assert copied.weights_gib == alone.weights_gib
    assert copied.serving.gpus == alone.serving.gpus * copies


@given(model=ENTRIES, fewer=st.integers(0, 16), more=st.integers(0, 16), rank=st.sampled_from([8, 16, 64, 256]))
def test_more_slots_or_higher_ranks_never_fit_better(model: str, fewer: int, more: int, rank: int) -> None:
    fewer, more = sorted((fewer, more))
    small, large = (fit(serving_of(model, adapter_slots=n, adapter_rank=rank), 80.0) for n in (fewer, more))
    assert small.kv_cache_gib >= large.kv_cache_gib
    higher = fit(serving_of(model, adapter_slots=more, adapter_rank=2 * rank), 80.0)
    assert higher.kv_cache_gib <= large.kv_cache_gib


@given(model=ENTRIES, count=COUNTS, slots=st.integers(1, 8))
def test_a_split_model_needs_no_more_for_its_slots_on_a_gpu(model: str, count: int, slots: int) -> None:
    one, split = (serving_of(model, adapter_slots=slots, adapter_rank=16, tensor_parallel=n) for n in (1, count))
    assert adapters_gib(split) <= adapters_gib(one)
    assert adapters_gib(split) * count >= adapters_gib(one)


@given(model=ENTRIES, nodes=st.sampled_from([2, 3, 4]), split=COUNTS)
def test_a_second_node_never_takes_room_from_the_cache_of_a_layer(model: str, nodes: int, split: int) -> None:
    one = serving_of(model, tensor_parallel=split, pipeline_parallel=2)
    several = replace(one, pipeline_parallel=2 * nodes, nodes=nodes)
    assert several.gpus_per_node == one.gpus
    assert weights_gib(several) <= weights_gib(one) + 1e-9
    assert kv_bytes_per_token(several) <= kv_bytes_per_token(one)


@given(model=ENTRIES, less=st.floats(0, 0.9), more=st.floats(0, 0.9))
def test_a_larger_share_for_prefixes_never_leaves_more_for_requests(model: str, less: float, more: float) -> None:
    less, more = sorted((less, more))
    small, large = (fit(serving_of(model, prefix_cache_share=share), 80.0) for share in (less, more))
    assert small.kv_tokens >= large.kv_tokens
    assert small.fits or not large.fits
