"""Formulas of the questions on tokenizer, encoder, pooling and metrics."""

import math


def unread_tokens_percent(
    long_percent: float, long_tokens: float, short_tokens: float, limit: float
) -> float:
    """Percentage of all tokens beyond the limit, where some documents are long and the others short.

    Examples
    --------
    >>> unread_tokens_percent(50, 900, 100, 300)
    60.0
    """
    share = long_percent / 100
    unread = share * max(long_tokens - limit, 0) + (1 - share) * max(short_tokens - limit, 0)
    return 100 * unread / (share * long_tokens + (1 - share) * short_tokens)


def token_bill_dollars(
    texts: float, characters: float, characters_per_token: float, dollars_per_million: float
) -> float:
    """Price of texts of so many characters each, billed by the million tokens.

    Examples
    --------
    >>> token_bill_dollars(1e6, 800, 4, 0.5)
    100.0
    """
    return texts * characters / characters_per_token * dollars_per_million / 1e6


def encoder_parameters_millions(dims: float, layers: float, vocabulary: float) -> float:
    """Millions of parameters of a BERT: the matrices of its layers and the word table.

    Examples
    --------
    >>> encoder_parameters_millions(768, 12, 30522)
    108.375552
    """
    return (12 * dims**2 * layers + vocabulary * dims) / 1e6


def attention_operations_percent(tokens: float, dims: float) -> float:
    """Percentage of a layer's operations that depend on the length: 4td of 24d^2 + 4td for each token.

    Examples
    --------
    >>> attention_operations_percent(256, 384)
    10.0
    """
    return 100 * tokens / (6 * dims + tokens)


def padding_percent(texts: float, short: float, long: float) -> float:
    """Percentage of padding in a batch of one long text and otherwise short ones.

    Examples
    --------
    >>> padding_percent(32, 10, 250)
    93.0
    """
    return 100 * (texts - 1) * (long - short) / (texts * long)


def cosine_from_distance(distance: float) -> float:
    """Cosine of two unit vectors with this Euclidean distance.

    Examples
    --------
    >>> cosine_from_distance(1)
    0.5
    """
    return 1 - distance**2 / 2


def queries_for_half_width(queries: float, half_width: float, wanted: float) -> float:
    """Compute how many queries narrow the interval of a mean from one half-width to another.

    Examples
    --------
    >>> queries_for_half_width(500, 0.02, 0.01)
    2000.0
    """
    return queries * (half_width / wanted) ** 2


def ndcg_gained(before: float, after: float) -> float:
    """Rise of nDCG@10 for a query with one relevant document, by its place before and after.

    Examples
    --------
    >>> ndcg_gained(3, 1)
    0.5
    """
    old, new = (1 / math.log2(1 + place) if place <= 10 else 0.0 for place in (before, after))
    return new - old
