"""MaxSim against PyLate and the bare matrix product, BM25 against bm25s, and what each stage costs."""

from importlib.util import find_spec
from statistics import median

import numpy as np
import torch

from embedlab.benchmark import docsearch, seeded_sample
from embedlab.colbert import TokenIndex
from embedlab.engine import COLBERT_LEAD, Trace, build_engine, parts_for, trained_colbert
from embedlab.hybrid import ANALYZERS, BM25Index
from embedlab.speed.turns import ratio_of, take_turns

PYLATE = "PyLate is not installed; 'make bench' fetches it into a folder of its own"


def bench_rank(*, queries: int = 50, repeats: int = 5) -> dict:
    """Measure, interleaved, in one process; ratios with quartiles, larger than 1 where ours is faster.

    Returns
    -------
    dict
        ``maxsim`` for reranking 100 candidates, ``bm25`` for 100 results of each query, ``stages`` in
        milliseconds a query.
    """
    benchmark = docsearch()
    texts = seeded_sample(benchmark.split("test")[1], queries, 0)
    parts = parts_for(benchmark.documents, benchmark.doc_ids)
    candidates = parts.bm25.rank(texts, 100)[1]
    return {
        "queries": len(texts),
        "maxsim": bench_maxsim(texts, candidates, repeats),
        "bm25": bench_bm25(benchmark.documents, texts, repeats),
        "stages": stage_ms(build_engine("full", parts), texts),
    }


def bench_maxsim(texts: list[str], candidates: np.ndarray, repeats: int) -> dict:
    """Score 100 candidates of each query, from token vectors in memory; torch and BLAS use all cores."""
    model, benchmark = trained_colbert(), docsearch()
    used = sorted({int(i) for row in candidates for i in row if i >= 0})
    documents = dict(zip(used, model.encode_documents([benchmark.documents[i] for i in used]), strict=True))
    queries = model.encode_queries(texts)
    index, place = TokenIndex(model.dims), {i: n for n, i in enumerate(used)}
    index.add([documents[i] for i in used])
    rows = [np.array([place[int(i)] for i in row if i >= 0]) for row in candidates]
    gathered = [np.concatenate([documents[used[i]] for i in ids]) for ids in rows]

    def ours() -> list[np.ndarray]:
        return [index.scores(query, ids) for query, ids in zip(queries, rows, strict=True)]

    functions = {
        "ours": ours,
        "product": lambda: [tokens @ query.T for tokens, query in zip(gathered, queries, strict=True)],
    }
    if find_spec("pylate"):
        functions["pylate"] = lambda: [
            pylate_scores(query, [documents[used[i]] for i in ids])
            for query, ids in zip(queries, rows, strict=True)
        ]
        for mine, theirs in zip(ours(), functions["pylate"](), strict=True):
            # PyLate pads with zeros and lets them take part: where a query's token is unlike all tokens of a
            # short document, 0 wins over the true, negative maximum. Everywhere else both agree.
            assert (theirs >= mine - 1e-4).all()
            assert np.isclose(mine, theirs, atol=1e-4).mean() > 0.9
    seconds = take_turns(functions, repeats)
    result = {"tokens_read": COLBERT_LEAD, "ms_per_query": 1000 * median(seconds["ours"]) / len(texts)}
    result["ratio_to_bare_product"] = ratio_of(seconds["product"], seconds["ours"])
    result["ratio_to_pylate"] = (
        ratio_of(seconds["pylate"], seconds["ours"]) if "pylate" in seconds else PYLATE
    )
    return result


def pylate_scores(query: np.ndarray, documents: list[np.ndarray]) -> np.ndarray:
    """Score documents as PyLate's ``rank.rerank`` does: pad them to one length, then multiply."""
    from pylate.scores import colbert_scores

    padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(d) for d in documents], batch_first=True)
    return colbert_scores(torch.from_numpy(query)[None], padded)[0].numpy()


def bench_bm25(documents: list[str], texts: list[str], repeats: int) -> dict:
    """Find 100 documents for each query, one at a time, from the text on; one thread."""
    import bm25s

    analyze = ANALYZERS["stemmed"]
    ours, terms = BM25Index(), [analyze(document) for document in documents]
    ours.add(documents)
    peers = {backend: bm25s.BM25(k1=ours.k1, b=ours.b, backend=backend) for backend in ("numpy", "numba")}
    for peer in peers.values():
        peer.index(terms, show_progress=False)
    ours.search([*texts] * (1 + 64 // len(texts)), 1)  # compiled code takes over after 64 queries
    options = {"k": 100, "show_progress": False, "n_threads": 0}  # 0: without a pool of threads
    for peer in peers.values():
        theirs = peer.retrieve([analyze(text) for text in texts], **options).scores
        assert np.allclose(ours.search(texts, 100)[0], theirs, atol=1e-3)
    functions = {"ours": lambda: [ours.search([text], 100) for text in texts]}
    for backend, peer in peers.items():
        functions[backend] = lambda peer=peer: [peer.retrieve([analyze(text)], **options) for text in texts]
    seconds = take_turns(functions, repeats)
    result = {"ms_per_query": 1000 * median(seconds["ours"]) / len(texts)}
    return result | {f"ratio_to_bm25s_{name}": ratio_of(seconds[name], seconds["ours"]) for name in peers}


def stage_ms(engine, texts: list[str]) -> dict[str, float]:
    """Return the median milliseconds of each stage, one query at a time, and of all together."""
    times: dict[str, list[float]] = {}
    for text in [texts[0], *texts]:  # the first once more, to warm up
        trace = Trace()
        engine.search(text, 10, trace)
        for step in trace.steps:
            times.setdefault(step.name, []).append(step.ms)
        times.setdefault("all", []).append(sum(step.ms for step in trace.steps))
    return {name: float(np.median(values[1:])) for name, values in times.items()}
