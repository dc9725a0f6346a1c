"""How much is read from vectors, by attack, length of text and defence; and what defences cost; shipped."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import docsearch, quality, seeded_sample
from embedlab.embedder import Embedder
from embedlab.machine import data_path, machine_name, shipped_figures, write_figures
from embedlab.pooling import l2_normalize
from embedlab.security.bag_of_words import WordDecoder, content_words, word_scores
from embedlab.security.clouds_measured import (
    RECORDS,
    SPLITS,
    measure_clouds,
    measure_packages,
    stolen_half,
)
from embedlab.security.decoder import TextDecoder
from embedlab.security.defences import Defence, Int8, Noise, Prefix, Rotation, Signs
from embedlab.security.inversion import closest, corrected, nearest_texts
from embedlab.security.public_corpus import attacked_by_length, public_texts, words_of
from embedlab.security.records import OTHER_FORM, guessed_records, make_records
from embedlab.serving import procrustes

Floats = NDArray[np.float32]
NOISES, PREFIXES = (0.25, 0.5, 1.0, 2.0, 4.0), (192, 96, 48)
DEFENCES: tuple[Defence, ...] = (
    Defence(),
    Int8(),
    Signs(),
    *map(Prefix, PREFIXES),
    *map(Noise, NOISES),
    Rotation(key=21),
)
PAIRS = (50, 100, 200, 400, 800)  # texts whose rotated vectors the attacker knows
FITTED = 20_000  # public texts that an attack on defended vectors is fitted on
WRITTEN, CORRECTED = 40, 20  # texts of a length: written, corrected
OFFERED = 16  # words that an edit may bring in


class Memory:
    """An encoder that remembers what it has embedded; with ``cache``, also on disk, for the next run."""

    def __init__(self, embedder: Embedder, *, cache: bool = False):
        self.embedder, self.cache, self.known = embedder, cache, {}

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Embed texts: (n, d)."""
        new = list(dict.fromkeys(text for text in texts if text not in self.known))
        if new:
            vectors = self.embedder.encode(new, show_progress=False, cache=self.cache)
            self.known.update(zip(new, vectors, strict=True))
        return np.stack([self.known[text] for text in texts])


def with_words(texts: Sequence[str]) -> list[str]:
    """Keep the texts that have at least one content word."""
    return [text for text in texts if content_words(text)]


def f1_of(guessed: Sequence[set[str]], texts: Sequence[str]) -> list[float]:
    """Return the F1 of guessed content words of each text, rounded."""
    return np.round(word_scores(guessed, [content_words(text) for text in texts])["f1"], 4).tolist()


def text_f1(guess: str, text: str) -> float:
    """Return the F1 of all words of a text, each as often as it stands there; their order does not count.

    Examples
    --------
    >>> text_f1("the cat sat", "The cat, the dog")
    0.5714285714285714
    """
    said, real = Counter(words_of(guess)), Counter(words_of(text))
    return 2 * (said & real).total() / max(1, said.total() + real.total())


def attacked_texts() -> dict[str, list[str]]:
    """Return what is attacked: pieces of held-out articles by length, and DocSearch's test queries."""
    sets = {f"{length} words": with_words(texts) for length, texts in attacked_by_length().items()}
    return sets | {"test queries": with_words(seeded_sample(docsearch().split("test")[1], 300, seed=6))}


def kept_quality(defence: Defence, embedder: Embedder, split: str) -> NDArray[np.float64]:
    """Return nDCG@10 of DocSearch's queries with exact search over defended document vectors: (q,)."""
    benchmark = docsearch()
    stored = defence.stored(embedder.encode(benchmark.documents, cache=True, on_long="cut"), seed=2)
    asked = defence.asked(embedder.encode(benchmark.split(split)[1], cache=True))
    scores = asked @ stored.T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    return quality(benchmark, (np.take_along_axis(scores, best, 1), best), split=split)


def padded(vectors: Floats, dims: int) -> Floats:
    """Fill cut vectors (n, e) up with zeros: (n, dims), so that a decoder of whole vectors can read them."""
    return np.pad(vectors, ((0, 0), (0, dims - vectors.shape[1])))


def measure_words(embedder: Embedder) -> dict:
    """Measure the attacks on words: F1 of each text, by attack and set of texts."""
    texts = public_texts()
    public = embedder.encode(texts, cache=True, on_long="cut")
    decoder = WordDecoder.fit(public, texts)
    usual = Counter(word for text in texts for word in content_words(text))
    often = {word for word, _ in usual.most_common(10)}
    found: dict = {"vocabulary": len(decoder.vocabulary), "public texts": len(texts)}
    for name, own in attacked_texts().items():
        vectors = embedder.encode(own, cache=True)
        near = nearest_texts(vectors, public, texts)
        found[name] = {
            "no vector": f1_of([often] * len(own), own),
            "wrong vector": f1_of(decoder.guesses(np.roll(vectors, 1, axis=0)), own),
            "nearest public text": f1_of([content_words(text) for text in near], own),
            "discriminants": f1_of(decoder.guesses(vectors), own),
        }
    return found


def measure_texts(encode: Memory, decoder: TextDecoder, words: WordDecoder, length: int) -> dict:
    """Measure the attacks that write texts, on pieces of one length: what they wrote, and how near it came.

    "decoder" is the most probable beam, "nearest beam" the one whose vector is nearest, "corrected" that one
    after edits; for longer pieces the last would take minutes a text, and is left out.
    """
    own = random.Random(length).sample(with_words(attacked_by_length()[length]), WRITTEN)
    vectors = encode(own)
    beams = [[text for _, text in decoder.beams(vector)] for vector in vectors]
    wrong = np.roll(vectors, 1, axis=0)[:CORRECTED]
    rows = {
        "wrong vector": [decoder.beams(vector)[0][1] for vector in wrong],
        "decoder": [one[0] for one in beams],
        "nearest beam": [closest(v, b, encode)[0] for v, b in zip(vectors, beams, strict=True)],
    }
    if length <= 8:
        few, rows["corrected"] = words.best(vectors[:CORRECTED], OFFERED), []
        for i in range(CORRECTED):
            said = [word for text in beams[i][:4] for word in words_of(text)]
            offered = list(dict.fromkeys([*said, *few[i]]))[:OFFERED]
            rows["corrected"].append(corrected(vectors[i], rows["nearest beam"][i], offered, encode).text)
    found: dict = {"texts": own}
    for name, written in rows.items():
        found[name] = {
            "written": written,
            "f1": [round(text_f1(a, b), 4) for a, b in zip(written, own, strict=False)],
            "exact": [int(words_of(a) == words_of(b)) for a, b in zip(written, own, strict=False)],
            "cosine": np.round((encode(written) * vectors[: len(written)]).sum(1), 4).tolist(),
        }
    return found


def measure_defences(embedder: Embedder) -> dict:
    """Measure each defence: words and records that are still read, and nDCG@10 of each query."""
    texts = public_texts()[:FITTED]
    public = embedder.encode(texts, cache=True, on_long="cut")
    own = [text for name in ("8 words", "16 words") for text in attacked_texts()[name]]
    vectors, memory = embedder.encode(own, cache=True), Memory(embedder)
    plain = WordDecoder.fit(public, texts)
    records = make_records(RECORDS)
    secret = memory([one.text() for one in records])
    found = {}
    for defence in DEFENCES:
        stored = defence.stored(vectors, seed=3)
        taken = defence.stored(secret, seed=3)
        if isinstance(defence, Rotation):  # the key is what the attacker does not have; the cloud he has
            back = stolen_half(embedder, SPLITS[0], defence)[1].back
            adaptive = plain.guesses(l2_normalize(stored @ back))
            guesses = guessed_records(l2_normalize(taken @ back), memory, OTHER_FORM, width=1)
        else:
            # Where noise is drawn, the attacker draws some of his own for the public texts.
            adaptive = WordDecoder.fit(defence.stored(public, seed=4), texts).guesses(stored)
            guesses = guessed_records(taken, memory, OTHER_FORM, defence=defence, width=1)
        found[defence.name] = {
            "naive": f1_of(plain.guesses(padded(stored, vectors.shape[1])), own),
            "adaptive": f1_of(adaptive, own),
            "records": [int(a == b) for a, b in zip(guesses, records, strict=True)],
            "names": [
                int((a.given, a.family) == (b.given, b.family)) for a, b in zip(guesses, records, strict=True)
            ],
            "dev": np.round(kept_quality(defence, embedder, "dev"), 4).tolist(),
            "test": np.round(kept_quality(defence, embedder, "test"), 4).tolist(),
        }
    found["clouds"] = measure_clouds(embedder, memory)
    found["packages"] = measure_packages(embedder, memory)
    found["pairs"] = measure_pairs(public, plain, vectors, own)
    return found


def measure_pairs(public: Floats, plain: WordDecoder, vectors: Floats, texts: Sequence[str]) -> dict:
    """Measure how many known pairs undo a secret rotation: {pairs: F1 of each text, after Procrustes}."""
    rotation, found = Rotation(key=21), {}
    rotated = rotation.stored(vectors)
    for pairs in PAIRS:
        back = procrustes(rotation.stored(public[:pairs]), public[:pairs])
        found[str(pairs)] = f1_of(plain.guesses(rotated @ back), texts)
    return found


def write_inversion() -> None:
    """Measure anew, and put the result in the place of the one that comes with the course; some minutes."""
    embedder, start = Embedder.load(), time.perf_counter()
    texts = public_texts()
    words = WordDecoder.fit(embedder.encode(texts, cache=True, on_long="cut"), texts)
    decoder = TextDecoder.load(data_path("trained") / "inversion.safetensors")
    figures = {
        "about": {
            "machine": machine_name(),
            "date": time.strftime("%Y-%m-%d"),
            "command": "embedlab.security.write_inversion()",
            "public texts of the curve": FITTED,
        },
        "words": measure_words(embedder),
        "defences": measure_defences(embedder),
        "written": {
            str(length): measure_texts(Memory(embedder), decoder, words, length) for length in (4, 8, 16)
        },
    }
    figures["about"]["seconds"] = round(time.perf_counter() - start)
    write_figures(data_path("security") / "inversion.json", figures)


def shipped_inversion() -> Mapping:
    """Return the measurement that comes with the course; see its ``about``."""
    return shipped_figures("security", "inversion")
