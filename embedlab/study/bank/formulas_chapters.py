"""Formulas of the questions on chapters 01 to 09: each computes the answer to a parametric question."""

import math


def hnsw_gb(n: float, dims: float, m: float) -> float:
    """Compute the memory of an HNSW index in GB: float32 vectors and 2 M links of 4 bytes on layer 0.

    Examples
    --------
    >>> hnsw_gb(1e6, 384, 16)
    1.664
    """
    return n * (4 * dims + 4 * 2 * m) / 1e9


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


def monthly_dollars_saved(n: float, dims: float, shorter: float, dollars: float) -> float:
    """Dollars a month that n float32 vectors save when cut, at a price for a GB and month.

    Examples
    --------
    >>> monthly_dollars_saved(1e8, 1536, 256, 3)
    1536.0
    """
    return n * (dims - shorter) * 4 / 1e9 * dollars


def funnel_reading_percent(n: float, dims: float, short: float, shortlist: float) -> float:
    """Percentage of the numbers of an exact search that a funnel reads: short ones of all, all of a few.

    Examples
    --------
    >>> funnel_reading_percent(10_000, 384, 96, 500)
    30.0
    """
    return 100 * (n * short + shortlist * dims) / (n * dims)


def pq_operations_percent(n: float, dims: float, pieces: float) -> float:
    """Percentage of exact search's operations that product quantization needs for a query.

    Exact search has n * dims products (each with a sum). Product quantization fills its tables with
    256 * dims products, and then looks up and adds one entry for each piece of each document.

    Examples
    --------
    >>> pq_operations_percent(25_600, 384, 48)
    13.5
    """
    return 100 * (256 * dims + n * pieces) / (n * dims)


def signs_error_degrees(dims: float, degrees: float) -> float:
    """Compute the standard error, in degrees, of an angle estimated from so many signs.

    Each bit differs with chance degrees / 180, as if a coin was tossed.

    Examples
    --------
    >>> signs_error_degrees(400, 90)
    4.5
    """
    chance = degrees / 180
    return 180 * math.sqrt(chance * (1 - chance) / dims)


def vectors_on_layer(n: float, m: float, layer: float) -> float:
    """Compute how many vectors to expect on a layer of an HNSW graph, layer 0 being the ground.

    Examples
    --------
    >>> vectors_on_layer(1e6, 10, 3)
    1000.0
    """
    return n / m**layer


def widened_beam(k: float, allowed_percent: float) -> float:
    """Beam that holds k allowed vectors on average, if so many per cent are allowed.

    Examples
    --------
    >>> widened_beam(10, 5)
    200.0
    """
    return 100 * k / allowed_percent


def millions_of_vectors(memory_gb: float, dims: float, bits: float) -> float:
    """Millions of vectors that fit into so many GB (10^9 bytes), with so many bits for each number.

    Examples
    --------
    >>> millions_of_vectors(48, 384, 8)
    125.0
    """
    return memory_gb * 1e9 / (dims * bits / 8) / 1e6


def allowed_where_exact_is_as_cheap(n: float, wanted: float, per_place: float) -> float:
    """Compute how many allowed vectors cost as much compared one by one as a walk with a widened beam.

    With a allowed ones, the beam needs n * wanted / a places, and each costs some comparisons.

    Examples
    --------
    >>> allowed_where_exact_is_as_cheap(1e6, 40, 10)
    20000.0
    """
    return math.sqrt(n * wanted * per_place)


def maxsim_millions(query_tokens: float, document_tokens: float, dims: float, candidates: float) -> float:
    """Compute the millions of multiplications of MaxSim for so many candidates.

    Examples
    --------
    >>> maxsim_millions(10, 100, 100, 20)
    2.0
    """
    return query_tokens * document_tokens * dims * candidates / 1e6


def residual_bytes(tokens: float, kept_percent: float, bits: float, dims: float) -> float:
    """Compute the bytes of a document whose tokens are stored as centroid number and residual.

    Examples
    --------
    >>> residual_bytes(100, 50, 2, 128)
    1700.0
    """
    return tokens * kept_percent / 100 * (2 + dims * bits / 8)


def cores_for_reranking(
    queries_per_second: float, depth: float, milliseconds: float, busy_percent: float
) -> float:
    """Compute how many cores rerank so many queries a second, kept busy for a share of the time only.

    Examples
    --------
    >>> cores_for_reranking(10, 20, 3, 60)
    1.0
    """
    return queries_per_second * depth * milliseconds / 1000 / (busy_percent / 100)


def listwise_loss(negatives: float, lead: float, scale: float) -> float:
    """Softmax loss of a list whose right document leads each negative by so much in cosine.

    Examples
    --------
    >>> round(listwise_loss(7, 0, 20), 4)  # log 8
    2.0794
    """
    return math.log(1 + negatives * math.exp(-scale * lead))


def cascade_ndcg(recall_percent: float, first_percent: float, place: float) -> float:
    """Mean nDCG@10 with one relevant document: found or not, then put first or at another place.

    Examples
    --------
    >>> round(cascade_ndcg(80, 50, 3), 4)
    0.6
    """
    found, first = recall_percent / 100, first_percent / 100
    return found * (first + (1 - first) / math.log2(1 + place))


def bm25_term(count: float, length: float, rarity: float) -> float:
    """Compute what a word adds to a BM25 score, with k1 = 1.2, b = 0.75 and a mean length of 100.

    Examples
    --------
    >>> bm25_term(1.2, 100, 4)
    2.0
    """
    return rarity * count / (count + 1.2 * (0.25 + 0.75 * length / 100))


def rrf_thousandths(first: float, second: float) -> float:
    """Compute a thousand times the reciprocal rank fusion score of two places, with the constant 60.

    Examples
    --------
    >>> rrf_thousandths(40, 40)
    20.0
    """
    return 1000 / (60 + first) + 1000 / (60 + second)
