"""Training a cross-encoder on lists: one right document, and several that a first stage took for right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from embedlab.benchmark import Benchmark, held_out_documents, held_out_lines, parts_of
from embedlab.encoder import BertEncoder
from embedlab.finetuning import LoRA, LoRAEncoder, train
from embedlab.index import Floats, Ints
from embedlab.reranking.cross_encoder import SCALE, check_max_length
from embedlab.tokenizer import WordPieceTokenizer

Rank = Callable[[Sequence[str], int], tuple[Floats, Ints]]
DEPTH = 30  # negatives come from so many first results


@dataclass(frozen=True)
class Example:
    """A query, a relevant document, and documents that a first stage took for relevant."""

    query: str
    positive: str
    negatives: tuple[str, ...]


def mine(benchmark: Benchmark, rank: Rank, *, depth: int = DEPTH) -> tuple[list[Example], list[Example]]:
    """Find hard negatives: what a first stage ranks high, though it is not relevant.

    The first stage should not be trained on the same queries: it would hide its errors.

    Returns
    -------
    real, made : lists of Example
        From the train queries; and, with its summary line as the query, from every document that no dev or
        test query asks for. There the summary lines are cut out of positive and negatives alike, or finding
        the line would be all that is learned.
    """
    query_ids, texts, qrels = benchmark.split("train")
    _, rows = rank(texts, depth)
    row_of = {doc_id: i for i, doc_id in enumerate(benchmark.doc_ids)}
    real = []
    for query_id, text, found in zip(query_ids, texts, rows, strict=True):
        relevant = {row_of[target] for target in qrels[query_id]}
        negatives = tuple(benchmark.documents[i] for i in found if i >= 0 and i not in relevant)
        real += [Example(text, benchmark.documents[i], negatives) for i in sorted(relevant) if negatives]

    held_out = {row_of[target] for target in held_out_documents(benchmark)}
    parts = [parts_of(document) for document in benchmark.documents]
    forbidden = held_out_lines(benchmark)
    usable = [
        i
        for i, (_, line, rest) in enumerate(parts)
        if i not in held_out and line and rest and line not in forbidden
    ]
    _, rows = rank([parts[i][1] for i in usable], depth)
    made = []
    for i, found in zip(usable, rows, strict=True):
        line = parts[i][1]
        negatives = tuple(_without_line(parts[j]) for j in found if j >= 0 and parts[j][1] != line)
        if negatives:
            made.append(Example(line, _without_line(parts[i]), negatives))
    return real, made


def _without_line(parts: tuple[str, str, str]) -> str:
    name, _, rest = parts
    return f"{name}\n{rest}"


def train_reranker(
    real: Sequence[Example],
    made: Sequence[Example],
    *,
    base: BertEncoder | None = None,
    rank: int = 16,
    scale: float = 2.0,
    steps: int = 150,
    lists: int = 12,
    negatives: int = 7,
    learning_rate: float = 1e-3,
    max_length: int = 80,
    loss: str = "listwise",
    seed: int = 0,
    save_every: int = 25,
    checkpoint: Path | None = None,
    stop_after: int | None = None,
    device: str = "cpu",
    show_progress: bool = True,
) -> tuple[LoRA, list[float]]:
    """Train an encoder, with `maxsim_head`, to tell the right document of each list from the others.

    In float32 on every machine, so that the losses are the same ones.

    Parameters
    ----------
    real, made : sequences of Example
        Half of the lists are drawn from each; all from one where the other is empty.
    base : BertEncoder, optional
        What to start from; by default all-MiniLM-L6-v2. It must have that model's vocabulary.
    rank, scale
        Of the differences that are trained, see `LoRA`.
    lists, negatives : int
        A step takes so many lists of one positive and so many negatives.
    max_length : int
        Tokens of a pair.
    loss : str
        "listwise": a softmax over each list, so that only the order counts. "pointwise": a binary
        cross-entropy for each pair by itself, above a trained threshold.
    steps, learning_rate, seed, save_every, checkpoint, stop_after
        See `embedlab.finetuning.train`.
    device : str
        Where torch computes; the same batches everywhere.

    Returns
    -------
    lora : LoRA
    losses : list of float

    Raises
    ------
    ValueError
        If there is nothing to train on, there is no such loss, ``max_length`` is not between 5 and the
        model's positions, or the model has another vocabulary.
    """
    if not real and not made:
        raise ValueError("need at least one example to train on")
    if loss not in ("listwise", "pointwise"):
        raise ValueError(f'loss must be "listwise" or "pointwise", but is {loss!r}')
    base, tokenizer = base or BertEncoder.load(), WordPieceTokenizer.load()
    check_max_length(max_length, base.config.max_position_embeddings)
    words = len(tokenizer.vocabulary)
    if base.config.vocab_size != words:
        raise ValueError(f"the model knows {base.config.vocab_size} tokens, but the tokenizer {words}")
    lora = LoRA.start(base, rank=rank, scale=scale, seed=seed).to(device)
    model, trained = LoRAEncoder(base.to(device), lora), dict(lora.factors)
    if loss == "pointwise":  # no threshold is right from the start; it changes no order
        trained["threshold"] = torch.tensor(SCALE / 2, device=device, requires_grad=True)

    def loss_of(generator: torch.Generator) -> Tensor:
        pairs, sizes = [], []
        for _ in range(lists):
            examples = (real, made)[_draw(2, generator)] or real or made
            example = examples[_draw(len(examples), generator)]
            order = torch.randperm(len(example.negatives), generator=generator)[:negatives].tolist()
            documents = [example.positive, *(example.negatives[i] for i in order)]
            pairs += [tokenizer.encode_pair(example.query, text, max_length=max_length) for text in documents]
            sizes.append(len(documents))
        scores = maxsim_scores(model, pairs).split(sizes)  # in each list the right document stands first
        if loss == "pointwise":
            scores = [part - trained["threshold"] for part in scores]
            losses = [F.softplus(part[1:]).sum() + F.softplus(-part[0]) for part in scores]
            return torch.stack(losses).sum() / sum(sizes)
        return torch.stack([part.logsumexp(0) - part[0] for part in scores]).mean()

    options = {"steps": steps, "learning_rate": learning_rate, "seed": seed, "save_every": save_every}
    options |= {"stop_after": stop_after, "show_progress": show_progress}
    losses = train(trained, loss_of, checkpoint, **options)
    return lora.to("cpu"), losses


def maxsim_scores(encoder: BertEncoder, pairs: Sequence[tuple[list[int], list[int]]]) -> Tensor:
    """Score pairs of (ids, segments) as `maxsim_head` does, in a form that can be differentiated: (n,)."""
    longest = max(len(ids) for ids, _ in pairs)
    inputs = torch.zeros(5, len(pairs), longest, dtype=torch.long)
    ids, segments, mask, of_query, of_document = inputs
    for i, (sequence, kinds) in enumerate(pairs):
        t, behind = len(sequence), len(kinds) - sum(kinds)
        ids[i, :t], segments[i, :t], mask[i, :t] = torch.tensor(sequence), torch.tensor(kinds), 1
        of_query[i, 1 : behind - 1], of_document[i, behind : t - 1] = 1, 1
    device = encoder.weights["embeddings.word_embeddings.weight"].device
    ids, segments, mask, of_query, of_document = inputs.to(device)
    of_query, of_document = of_query.bool(), of_document.bool()
    vectors = F.normalize(encoder.forward(ids, mask, segments).hidden[-1], dim=-1)
    similar = vectors @ vectors.transpose(1, 2)  # (n, t, t)
    best = similar.masked_fill(~of_document[:, None, :], -1).amax(-1)
    scores = SCALE * (best * of_query).sum(1) / of_query.sum(1).clamp(min=1)
    return scores.masked_fill(~of_query.any(1), -SCALE)  # an empty query


def _draw(n: int, generator: torch.Generator) -> int:
    return int(torch.randint(max(n, 1), (1,), generator=generator))
