"""From our encoder to an ONNX file: a graph of operators that runs without torch.

``torch.onnx.export`` runs the network once on an example, without numbers, and writes down each operation.
What the example fixes stays fixed unless we say otherwise: its batch size, its length, its dropout.
"""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from embedlab.encoder import BertEncoder
from embedlab.machine import needs

OUTPUTS = {"vectors": "one vector a text, pooled and of length 1", "tokens": "one vector a token"}
OPSET = 20  # the version of the set of operators: 17 brought LayerNormalization, 20 brought Gelu


class Traced(BertEncoder):
    """The encoder of chapter 02 with three of torch's operators, each of which is one node of the graph.

    Written out, a layer norm becomes nine nodes, which ONNX Runtime does not put together again; and
    ``table[ids]`` becomes GatherND, which `quantize_dynamic` passes by: the embeddings would stay float32.
    """

    activation = staticmethod(F.gelu)

    def embed(self, ids: Tensor, segments: Tensor | None = None) -> Tensor:
        """Add up word, position and kind, as `BertEncoder.embed` does: (n, t) -> (n, t, d)."""
        w = {name: self.weights[f"embeddings.{name}.weight"] for name in TABLES}
        places = torch.arange(ids.shape[1], device=ids.device)
        words, positions = F.embedding(ids, w[TABLES[0]]), F.embedding(places, w[TABLES[1]])
        return self._norm(words + positions + w[TABLES[2]][0], "embeddings.LayerNorm")

    def _norm(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return F.layer_norm(x, weight.shape, weight, bias, self.config.layer_norm_eps)


TABLES = ("word_embeddings", "position_embeddings", "token_type_embeddings")


class Graph(nn.Module):
    """What is exported: the encoder alone, or with pooling and normalising behind it.

    Parameters
    ----------
    encoder : BertEncoder
    output : {"vectors", "tokens"}

    Examples
    --------
    >>> ids = torch.tensor([[101, 7592, 102]])  # [CLS] hello [SEP]
    >>> for output in OUTPUTS:
    ...     print(output, Graph(BertEncoder.load(), output)(ids, torch.ones_like(ids)).shape)
    vectors torch.Size([1, 384])
    tokens torch.Size([1, 3, 384])
    """

    def __init__(self, encoder: BertEncoder, output: str = "vectors"):
        super().__init__()
        if output not in OUTPUTS:
            raise ValueError(f"output is {' or '.join(OUTPUTS)}, not {output!r}")
        self.encoder, self.output = encoder, output

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Run on a padded batch: ids and mask, int64 (n, t), to (n, d) or (n, t, d)."""
        hidden = self.encoder.forward(ids, mask).hidden[-1]  # (n, t, d)
        return hidden if self.output == "tokens" else mean_vectors(hidden, mask)


def mean_vectors(hidden: Tensor, mask: Tensor) -> Tensor:
    """Average the token vectors that are no padding, and scale to length 1: (n, t, d) -> (n, d)."""
    weight = mask[:, :, None].to(hidden.dtype)
    return F.normalize((hidden * weight).sum(1) / weight.sum(1).clamp(min=1), dim=-1)


class Peer(nn.Module):
    """The BERT of `transformers`, pooled as ours: what most tutorials export.

    Parameters
    ----------
    bert : transformers.BertModel
    """

    def __init__(self, bert: nn.Module):
        super().__init__()
        self.bert = bert

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Run on a padded batch: ids and mask, int64 (n, t), to (n, d)."""
        return mean_vectors(self.bert(input_ids=ids, attention_mask=mask).last_hidden_state, mask)


def example_batch() -> tuple[Tensor, Tensor]:
    """Return ids and mask (2, 7) to trace with, one text padded; sizes of 1 would be taken as fixed."""
    ids = torch.randint(1000, 20_000, (2, 7), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    return ids, mask


def export_onnx(
    module: nn.Module, file: Path, *, dynamic: bool = True, exporter: str = "dynamo", opset: int = OPSET
) -> None:
    """Write a module that takes (ids, mask) as an ONNX file.

    The weights lie within the file. `Module.eval` is called first: what is exported must have no dropout.

    Parameters
    ----------
    module : nn.Module
        `Graph` or `Peer`.
    file : Path
    dynamic : bool
        Whether batch size and length may vary; ``False`` fixes them at those of the example, (2, 7).
    exporter : {"dynamo", "trace"}
        torch.export, the default since torch 2.9, or the older tracing, which is faster and deprecated. The
        tracer keeps the branch that Python took, and forgets that there was another.
    opset : int

    Raises
    ------
    ValueError
        If there is no such exporter.
    """
    needs("onnx"), needs("onnxscript")
    if exporter not in ("dynamo", "trace"):
        raise ValueError(f"exporter is dynamo or trace, not {exporter!r}")
    module.eval()
    names = {"input_names": ["ids", "mask"], "output_names": [getattr(module, "output", "vectors")]}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporters' own inner workings
        if exporter == "trace":
            axes = {name: {0: "batch", 1: "length"} for name in names["input_names"]} if dynamic else None
            torch.onnx.export(
                module, example_batch(), str(file), dynamo=False, dynamic_axes=axes, opset_version=17, **names
            )
            return
        axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=512)}
        shapes = {"ids": axes, "mask": axes} if dynamic else None
        program = torch.onnx.export(
            module,
            example_batch(),
            dynamo=True,
            dynamic_shapes=shapes,
            opset_version=opset,
            verbose=False,
            **names,
        )
        program.save(str(file), external_data=False)


def operators(file: Path) -> Counter:
    """Count the nodes of an ONNX file by their operator.

    Constants, which a tracer writes as nodes, are left out.
    """
    graph = needs("onnx").load(str(file), load_external_data=False).graph
    return Counter(node.op_type for node in graph.node if node.op_type != "Constant")


def dropout_trap() -> dict[str, float]:
    """Export a `transformers` BERT in a wrapper without ``eval()``, and see who is wrong afterwards.

    ``from_pretrained`` returns BERT in evaluation mode, but a new wrapper says ``training = True``. The older
    exporter switches to evaluation, exports, and then sets the wrapper **and all that is in it** back to the
    wrapper's mode. The file is right; the module that one checks it against now has dropout.

    Returns
    -------
    dict
        ``before`` and ``after``: the lowest cosine of the module's vectors to those of our encoder, before
        and after the export; ``after eval``: once ``eval()`` was called on the wrapper.
    """
    import tempfile

    from embedlab.machine import model_folder

    needs("transformers").logging.set_verbosity_error()  # it would report the pooler, which is left out
    bert = needs("transformers").BertModel.from_pretrained(model_folder(), add_pooling_layer=False)
    wrapper, (ids, mask), cosines = Peer(bert), example_batch(), {}
    right = Graph(BertEncoder.load())(ids, mask)

    def look(when: str) -> None:
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(0)
            cosines[when] = float((wrapper(ids, mask) * right).sum(1).min())

    look("before")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(wrapper, (ids, mask), f"{folder}/peer.onnx", dynamo=False, opset_version=17)
    look("after")
    wrapper.eval()
    look("after eval")
    return cosines
