"""Training a cross-encoder on lists: one right document, and several that a first stage took for right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from filelock import FileLock
from torch import Tensor

from embedlab.benchmark import Benchmark, lines_under_test, parts_of
from embedlab.encoder import BertEncoder
from embedlab.finetuning import FusedEncoder, claim, layers_of, train
from embedlab.index import Floats, Ints
from embedlab.machine import cache_file, content_key, has_bfloat16, model_folder
from embedlab.reranking.cross_encoder import SCALE, save_layers
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
        From the train queries; and, with its summary line as the query, from every document that no test
        query asks for. There the summary lines are cut out of positive and negatives alike, or finding the
        line would be all that is learned.
    """
    query_ids, texts, qrels = benchmark.split("train")
    _, rows = rank(texts, depth)
    row_of = {doc_id: i for i, doc_id in enumerate(benchmark.doc_ids)}
    real = []
    for query_id, text, found in zip(query_ids, texts, rows, strict=True):
        relevant = {row_of[target] for target in qrels[query_id]}
        negatives = tuple(benchmark.documents[i] for i in found if i >= 0 and i not in relevant)
        real += [Example(text, benchmark.documents[i], negatives) for i in sorted(relevant) if negatives]

    tested = {row_of[target] for targets in benchmark.split("test")[2].values() for target in targets}
    parts = [parts_of(document) for document in benchmark.documents]
    forbidden = lines_under_test(benchmark)
    usable = [
        i
        for i, (_, line, rest) in enumerate(parts)
        if i not in tested and line and rest and line not in forbidden
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


def trained_reranker(
    benchmark: Benchmark, rank: Rank, base: Path, *, show_progress: bool = True, **settings
) -> Path:
    """Return the file of a cross-encoder trained on a benchmark's train half; kept in the cache.

    Parameters
    ----------
    benchmark : Benchmark
    rank : callable
        The first stage, for `mine`.
    base : Path
        The folder of the model to start from.
    settings
        Those of `train_reranker`.
    """
    key = content_key(benchmark.fingerprint, BertEncoder.load(base).sha256, str(sorted(settings.items())))
    folder = cache_file("reranker", key)
    with FileLock(f"{folder}.lock"):
        if not (folder / "reranker.safetensors").exists():
            train_reranker(*mine(benchmark, rank), folder, base=base, show_progress=show_progress, **settings)
    return folder / "reranker.safetensors"


def train_reranker(
    real: Sequence[Example],
    made: Sequence[Example],
    folder: str | Path,
    *,
    base: str | Path | None = None,
    steps: int = 150,
    lists: int = 12,
    negatives: int = 7,
    learning_rate: float = 1e-4,
    max_length: int = 80,
    seed: int = 0,
    save_every: int = 25,
    show_progress: bool = True,
) -> Path:
    """Train all layers, with `maxsim_head`, to pick the right document of each list (listwise softmax).

    Parameters
    ----------
    real, made : sequences of Example
        Half of the lists are drawn from each; all from one where the other is empty.
    folder : str or Path
        For checkpoints and the result, ``reranker.safetensors``. If interrupted, the same call goes on.
    base : optional
        The model to start from, see `model_folder`. Its table of words must be that of all-MiniLM-L6-v2.
    steps, lists, negatives, learning_rate, seed
        A step takes so many lists of one positive and so many negatives.
    max_length : int
        Tokens of a pair.

    Raises
    ------
    ValueError
        If there is nothing to train on, or the folder belongs to another training.
    """
    if not real and not made:
        raise ValueError("need at least one example to train on")
    folder, encoder = Path(folder), BertEncoder.load(base)
    settings = {"steps": steps, "lists": lists, "negatives": negatives, "learning_rate": learning_rate}
    settings |= {"max_length": max_length, "seed": seed, "base": encoder.sha256}
    settings["examples"] = content_key(*(repr(example) for example in [*real, *made]))
    claim(folder, settings)
    file = folder / "reranker.safetensors"
    if file.exists():
        return file
    tokenizer = WordPieceTokenizer.load(model_folder(base))
    layers = layers_of(encoder)
    model = FusedEncoder(encoder.config, {**encoder.weights, **layers})

    def loss_of(generator: torch.Generator) -> Tensor:
        pairs, sizes = [], []
        for _ in range(lists):
            examples = (real, made)[_draw(2, generator)] or real or made
            example = examples[_draw(len(examples), generator)]
            order = torch.randperm(len(example.negatives), generator=generator)[:negatives].tolist()
            documents = [example.positive, *(example.negatives[i] for i in order)]
            pairs += [tokenizer.encode_pair(example.query, text, max_length=max_length) for text in documents]
            sizes.append(len(documents))
        scores = maxsim_scores(model, pairs).split(sizes)
        return torch.stack(
            [F.cross_entropy(part[None], torch.zeros(1, dtype=torch.long)) for part in scores]
        ).mean()

    train(
        layers,
        loss_of,
        folder / "checkpoint",
        steps=steps,
        learning_rate=learning_rate,
        seed=seed,
        save_every=save_every,
        show_progress=show_progress,
    )
    words = BertEncoder.load()
    save_layers(file, layers, base=words.sha256, max_length=max_length)
    (folder / "checkpoint").unlink(missing_ok=True)
    return file


def maxsim_scores(encoder: BertEncoder, pairs: Sequence[tuple[list[int], list[int]]]) -> Tensor:
    """Score pairs of (ids, segments) as `maxsim_head` does, in a form that can be differentiated: (n,)."""
    longest = max(len(ids) for ids, _ in pairs)
    ids, segments, mask = torch.zeros(3, len(pairs), longest, dtype=torch.long)
    of_query, of_document = torch.zeros(2, len(pairs), longest, dtype=torch.bool)
    for i, (sequence, kinds) in enumerate(pairs):
        t, behind = len(sequence), len(kinds) - sum(kinds)
        ids[i, :t], segments[i, :t], mask[i, :t] = torch.tensor(sequence), torch.tensor(kinds), 1
        of_query[i, 1 : behind - 1], of_document[i, behind : t - 1] = True, True
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
        hidden = encoder.forward(ids, mask, segments).hidden[-1].float()
    vectors = F.normalize(hidden, dim=-1)
    similar = vectors @ vectors.transpose(1, 2)  # (n, t, t)
    best = similar.masked_fill(~of_document[:, None, :], -1).amax(-1)
    return SCALE * (best * of_query).sum(1) / of_query.sum(1).clamp(min=1)


def _draw(n: int, generator: torch.Generator) -> int:
    return int(torch.randint(max(n, 1), (1,), generator=generator))
