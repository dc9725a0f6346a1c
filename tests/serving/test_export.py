"""What is exported is what chapter 02 built; what the example fixes stays fixed."""

import numpy as np
import pytest
import torch

from embedlab.encoder import BertEncoder
from embedlab.pooling import l2_normalize, mean_pool
from embedlab.serving import (
    Graph,
    Traced,
    dropout_trap,
    example_batch,
    export_onnx,
    onnx_file,
    onnxruntime_session,
    operators,
)


@pytest.fixture(scope="module")
def encoder():
    return BertEncoder.load()


@pytest.fixture(scope="module")
def traced(encoder):
    return Traced(encoder.config, encoder.weights, encoder.sha256)


def test_torchs_operators_compute_what_ours_do(encoder, traced):
    ids, mask = example_batch()
    for one, other in zip(encoder.forward(ids, mask).hidden, traced.forward(ids, mask).hidden, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_the_graph_pools_and_normalises_as_the_course_does(encoder):
    ids, mask = example_batch()
    hidden, vectors = Graph(encoder, "tokens")(ids, mask), Graph(encoder)(ids, mask)
    expected = l2_normalize(mean_pool(hidden.numpy(), mask.numpy()))
    np.testing.assert_allclose(vectors.numpy(), expected, atol=1e-6)


def test_what_cannot_be_exported(encoder, tmp_path):
    with pytest.raises(ValueError, match="'sentences'"):
        Graph(encoder, "sentences")
    with pytest.raises(ValueError, match="'script'"):
        export_onnx(Graph(encoder), tmp_path / "x.onnx", exporter="script")


@pytest.mark.slow
@pytest.mark.parametrize("output", ["vectors", "tokens"])
def test_the_file_runs_at_sizes_that_the_example_did_not_have(encoder, output):
    session = onnxruntime_session(onnx_file("float32", output), threads=1)
    draw = np.random.default_rng(0)
    for n, t in ((1, 2), (3, 11), (1, 512)):
        ids, mask = draw.integers(1000, 20_000, (n, t)), np.ones((n, t), np.int64)
        mask[-1, max(1, t // 2) :] = 0
        made = session.run(None, {"ids": ids, "mask": mask})[0]
        expected = Graph(encoder, output)(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
        real = mask.astype(bool) if output == "tokens" else slice(None)
        np.testing.assert_allclose(made[real], expected[real], atol=2e-5)


@pytest.mark.slow
def test_the_graph_has_one_node_for_each_norm_and_none_that_int8_passes_by():
    found = operators(onnx_file())
    assert found["LayerNormalization"] == 13
    assert found["Gelu"] == 6
    assert "GatherND" not in found
    assert operators(onnx_file("float32", "tokens")).total() < found.total()


@pytest.mark.slow
def test_without_dynamic_axes_another_length_is_refused(traced, tmp_path):
    file = tmp_path / "fixed.onnx"
    export_onnx(Graph(traced), file, dynamic=False, exporter="trace")
    session = onnxruntime_session(file, threads=1)
    ids, mask = (tensor.numpy() for tensor in example_batch())
    assert session.run(None, {"ids": ids, "mask": mask})[0].shape == (2, 384)
    with pytest.raises(Exception, match="invalid dimensions"):
        session.run(None, {"ids": ids[:, :5], "mask": mask[:, :5]})


@pytest.mark.slow
def test_written_out_a_norm_is_many_nodes(encoder, tmp_path):
    export_onnx(Graph(encoder), tmp_path / "plain.onnx", exporter="trace")
    found = operators(tmp_path / "plain.onnx")
    assert found["LayerNormalization"] == 0
    assert found["ReduceMean"] == 26


@pytest.mark.slow
def test_dropout_comes_back_with_the_export():
    cosines = dropout_trap()
    assert cosines["before"] > 0.9999
    assert cosines["after"] < 0.99
    assert cosines["after eval"] > 0.9999


@pytest.mark.slow
def test_the_transformer_optimizer_finds_no_attention_in_this_export():
    """What chapter 17 says of it; the day it finds one, the chapter has a faster graph to show."""
    optimizer = pytest.importorskip("onnxruntime.transformers.optimizer")
    graph = optimizer.optimize_model(
        str(onnx_file("float32")), model_type="bert", num_heads=12, hidden_size=384
    )
    found = graph.get_fused_operator_statistics()
    assert found["Attention"] == found["MultiHeadAttention"] == 0
