"""Exercises of chapter 21: what is left of a text and its vector in raw bytes."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake, lazily

_traces = lazily("embedlab.security.traces:traces")


def _raws(rng: np.random.Generator) -> list[tuple]:
    """List (raw, text, vector): each form, both byte orders, several, none; what must be refused."""
    vector = np.float32([0.5, -0.25, 0.125, 0.75, -0.5, 0.0, 0.3, -0.1])
    signs = np.packbits(vector > 0).tobytes()
    cases = [(b"", "Ann", vector), (b"Ann", "Ann", vector), (b"ann", "Ann", vector)]
    cases += [(f"..{text}..".encode(), text, vector) for text in ("Zoë", "文")]
    for form in ("<f4", ">f4", "<f2", ">f2"):
        cases.append((b"\1\2\3" + vector.astype(form).tobytes() + b"end", "Ann", vector))
    cases += [(b"x" + signs, "Ann", vector), (np.packbits(vector >= 0).tobytes(), "Ann", vector)]
    cases += [(np.packbits(vector > 0, bitorder="little").tobytes(), "Ann", vector)]
    cases += [(vector.tobytes() + b"Ann" + signs, "Ann", vector)]
    cases += [(vector.tobytes()[:-1], "Ann", vector), (vector.astype("<f8").tobytes(), "Ann", vector)]
    cases += [(str(vector.tolist()).encode(), "Ann", vector)]
    cases += [(b"abc", "", vector), (b"abc", "Ann", vector[:0])]
    for n in (9, 12, 16, 20):
        other = rng.normal(size=n).astype(np.float32)
        form = str(rng.choice(["<f4", ">f2"]))
        cases.append((rng.bytes(5) + other.astype(form).tobytes() + rng.bytes(5), "Ann", other))
    return cases


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _only(orders=("<", ">"), sizes="42", signs=lambda v: np.packbits(v > 0), encode=str.encode, checked=True):
    """Look for all forms, some of them left out."""

    def found(raw, text, vector):
        if checked and (not text or not len(vector)):
            raise ValueError("empty")
        names = {"4": "float32", "2": "float16"}
        wanted = {names[s]: [vector.astype(f"{o}f{s}").tobytes() for o in orders] for s in sizes}
        wanted["text"], wanted["signs"] = [encode(text)], [signs(vector).tobytes()]
        return {form for form, patterns in wanted.items() if any(one in raw for one in patterns)}

    return found


def _in_steps(raw, text, vector):
    left = _traces(raw, text, vector)
    numbers = np.frombuffer(raw, "<f4", len(raw) // 4)
    rows = [numbers[i : i + len(vector)] for i in range(0, len(numbers), len(vector))]
    if not any(np.array_equal(row, vector) for row in rows):
        left.discard("float32")
    return left


def _decoded(raw, text, vector):
    left = _traces(raw, text, vector) - {"text"}
    return left | ({"text"} if text.casefold() in raw.decode("utf-8", "ignore").casefold() else set())


EXERCISES = (
    Exercise(
        name="traces",
        chapter="21_security",
        task="A document was deleted. Does a file still hold it? raw is bytes, text a str, vector a float32 "
        "array (d,). Return a set of str, of these: 'text' if raw holds the UTF-8 of the text; 'float32' "
        "and 'float16' if it holds the vector's numbers in 4 or 2 bytes each, in little- or big-endian "
        "order; 'signs' if it holds np.packbits(vector > 0). At any place. Raise ValueError if text or "
        "vector is empty.",
        reference="embedlab.security.traces:traces",
        cases=_raws,
        hints=(
            "Do not parse the file: write down what its bytes would be, and look whether they are in it.",
            "vector.astype('>f4').tobytes() is the big-endian form, as PostgreSQL sends it.",
            "One dict of forms to lists of patterns; `pattern in raw` works on bytes.",
        ),
        mistakes=(
            Mistake(
                "only this machine's byte order",
                "A dump in PostgreSQL's binary format is big-endian: look for both.",
                _only(orders=("<",)),
            ),
            Mistake(
                "no half precision",
                "halfvec and float16 files hold the vector, too, in 2 bytes a number.",
                _only(sizes="4"),
            ),
            Mistake(
                "aligned places only",
                "A file has headers: the vector may begin at any byte.",
                _in_steps,
            ),
            Mistake(
                "zero is positive",
                "The codes were made by > 0; with >= 0 a single zero hides the code.",
                _only(signs=lambda v: np.packbits(v >= 0)),
            ),
            Mistake(
                "bits from the right",
                "np.packbits puts the first number into the highest bit.",
                _only(signs=lambda v: np.packbits(v > 0, bitorder="little")),
            ),
            Mistake(
                "Latin-1",
                "Texts are stored as UTF-8, in which ë has two bytes.",
                _only(encode=lambda text: text.encode("latin-1", "replace")),
            ),
            Mistake(
                "any case",
                "'ann' is another text. Bytes are compared as they are.",
                _decoded,
            ),
            Mistake(
                "empty is everywhere",
                "b'' in raw is always true: refuse to look for nothing.",
                _only(checked=False),
            ),
        ),
        follow_up="The check finds nothing in the backup. Give four reasons for which the document may be in "
        "it all the same.",
    ),
)
