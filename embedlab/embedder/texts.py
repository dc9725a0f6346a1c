"""What happens to texts before the encoder sees them: checked, turned into ids, cut with a warning."""

import warnings
from collections.abc import Sequence

from tqdm import tqdm

from embedlab.tokenizer import WordPieceTokenizer, checked_text


class TruncationWarning(UserWarning):
    """Texts were longer than the model takes, and were cut."""


def checked_texts(texts: Sequence[str]) -> list[str]:
    """Return the texts as a list; TypeError, which says what to do, where they are something else."""
    if isinstance(texts, str):
        raise TypeError(f"texts must be a list of strings, but is one string: pass [{texts[:40]!r}]")
    return [checked_text(text, f"texts[{i}]") for i, text in enumerate(texts)]


def token_ids(
    tokenizer: WordPieceTokenizer, texts: Sequence[str], max_length: int, on_long: str
) -> list[list[int]]:
    """Turn texts into ids, at most ``max_length`` each; ``on_long`` is that of `Embedder.encode`.

    Examples
    --------
    >>> token_ids(WordPieceTokenizer.load(), ["hello world", "hello"], max_length=3, on_long="cut")
    [[101, 7592, 102], [101, 7592, 102]]
    """
    # One token more than fits tells the texts that must be cut from those that just fit.
    ids = tokenizer.encode_batch(texts, max_length=max_length + 1)
    long = [i for i, sequence in enumerate(ids) if len(sequence) > max_length]
    for i in long:
        ids[i] = [*ids[i][: max_length - 1], ids[i][-1]]  # [SEP] stays last
    if long and on_long != "cut":
        message = (
            f"{len(long)} of {len(texts)} texts have more than {max_length} tokens (the first is at "
            f"position {long[0]}); the model does not see what follows"
        )
        if on_long == "raise":
            raise ValueError(message)
        warnings.warn(message, TruncationWarning, stacklevel=5)
    return ids


def progress(total: int, wanted: bool, *, unit: str = "text", desc: str = "embedding") -> tqdm:
    """Make a progress bar, shown where it is wanted and there is much to do."""
    # Given only where it is True: passed as False, it would overrule TQDM_DISABLE in the environment.
    quiet = {} if wanted and total > 256 else {"disable": True}
    return tqdm(total=total, desc=desc, unit=unit, leave=False, delay=1, **quiet)
