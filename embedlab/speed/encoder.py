"""Tokenizer and encoder against Hugging Face's tokenizers and sentence-transformers."""

import os
from collections.abc import Sequence
from statistics import median

from embedlab.speed.turns import ratio_of, take_turns


def bench_tokenizer(texts: Sequence[str], *, repeats: int = 5) -> dict:
    """Tokenize whole texts with ours and with Hugging Face's fast tokenizer, on one thread.

    Ours starts with an empty word cache in every round; ``ratio_warm`` keeps the cache of the round before.
    """
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    from tokenizers import Tokenizer

    from embedlab.machine import model_folder
    from embedlab.tokenizer import WordPieceTokenizer

    texts = list(texts)
    peer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    peer.no_padding()
    peer.no_truncation()
    ours = WordPieceTokenizer.load()
    if ours.encode_batch(texts) != [encoding.ids for encoding in peer.encode_batch_fast(texts)]:
        raise AssertionError("the two tokenizers disagree")
    tokens = sum(map(len, ours.encode_batch(texts)))
    seconds = take_turns(
        {
            "ours": lambda: WordPieceTokenizer(ours.vocabulary).encode_batch(texts),
            "warm": lambda: ours.encode_batch(texts),
            "peer": lambda: peer.encode_batch_fast(texts),  # without offsets, as ours
        },
        repeats,
    )
    return {
        "texts": len(texts),
        "tokens": tokens,
        "our_tokens_per_s": tokens / median(seconds["ours"]),
        "peer_tokens_per_s": tokens / median(seconds["peer"]),
        "ratio": ratio_of(seconds["peer"], seconds["ours"]),
        "ratio_warm": ratio_of(seconds["peer"], seconds["warm"]),
    }


def bench_encoder(texts: Sequence[str], *, repeats: int = 3) -> dict:
    """Embed texts with ours and with sentence-transformers, in float32 and, where the CPU has it, bfloat16.

    From strings to vectors, tokenizing included. ``ratio_float32`` and ``ratio_bfloat16`` compare at the same
    precision; ``lowest_cosine`` is that of our vectors in float32 to theirs.
    """
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import numpy as np
    import torch
    from sentence_transformers import SentenceTransformer

    from embedlab.embedder import Embedder
    from embedlab.machine import has_bfloat16, model_folder

    texts, folder = list(texts), str(model_folder())
    dtypes = {"float32": torch.float32}
    if has_bfloat16():
        dtypes["bfloat16"] = torch.bfloat16
    functions = {}
    for name, dtype in dtypes.items():
        ours = Embedder.load(dtype=name)
        peer = SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": dtype})
        functions[f"ours {name}"] = lambda ours=ours: ours.encode(texts, on_long="cut", show_progress=False)
        functions[f"peer {name}"] = lambda peer=peer: peer.encode(texts, show_progress_bar=False)
    expected = functions["peer float32"]()
    cosines = (functions["ours float32"]() * expected).sum(axis=1) / np.linalg.norm(expected, axis=1)
    seconds = take_turns(functions, repeats)
    result = {"texts": len(texts), "threads": torch.get_num_threads()}
    for name in dtypes:
        for who in ("ours", "peer"):
            result[f"{who}_{name}_texts_per_s"] = len(texts) / median(seconds[f"{who} {name}"])
        result[f"ratio_{name}"] = ratio_of(seconds[f"peer {name}"], seconds[f"ours {name}"])
    result["lowest_cosine"] = float(cosines.min())
    return result
