"""Formulas of the questions on using and running the engine: from chunking to security."""

import math


def split_facts_percent(size: float, overlap: float, fact: float) -> float:
    """Percentage of facts, beginning anywhere in a long document, that no chunk holds as a whole.

    Examples
    --------
    >>> split_facts_percent(400, 50, 100)
    14.0
    """
    return 100 * max(fact - overlap - 1, 0) / (size - overlap)


def dimensions_with_spread(spread: float) -> float:
    """Count the dimensions of an isotropic space whose random cosines have this standard deviation.

    Examples
    --------
    >>> dimensions_with_spread(0.125)
    64.0
    """
    return 1 / spread**2


def pull_of_harder_negative(gap: float, temperature: float) -> float:
    """Ratio of the gradients on two negatives' cosines in a softmax loss, the harder being larger by a gap.

    Examples
    --------
    >>> round(pull_of_harder_negative(0.1, 0.05), 3)
    7.389
    """
    return math.exp(gap / temperature)


def texts_a_day_to_break_even(machine: float, price: float, tokens: float) -> float:
    """Texts a day, of 30 a month, for which an API priced by the million tokens costs what a machine does.

    Examples
    --------
    >>> round(texts_a_day_to_break_even(600, 0.1, 200))
    1000000
    """
    return machine / (price * tokens / 1e6) / 30


def mean_milliseconds_inside(requests: float, in_flight: float) -> float:
    """Compute the mean time in a service by Little's law, from its rate a second and the requests inside.

    Examples
    --------
    >>> mean_milliseconds_inside(100, 20)
    200.0
    """
    return 1000 * in_flight / requests


def slow_queries_percent(shards: float, percent: float) -> float:
    """Compute the percentage of queries that meet a slow shard, if all are asked.

    Examples
    --------
    >>> slow_queries_percent(2, 10)
    19.0
    """
    return round(100 * (1 - (1 - percent / 100) ** shards), 9)


def backfill_hours(documents: float, rate: float, workers: float, percent: float) -> float:
    """Compute the hours to embed documents, with a percentage of the workers' time lost to other work.

    Examples
    --------
    >>> backfill_hours(3_600_000, 100, 20, 50)
    1.0
    """
    return documents / (rate * workers * (1 - percent / 100)) / 3600


def dollars_per_million_texts(hourly: float, rate: float, percent: float) -> float:
    """Compute what a million texts cost on a machine paid by the hour that works a part of the time.

    Examples
    --------
    >>> dollars_per_million_texts(1.8, 1000, 50)
    1.0
    """
    return hourly * 1e6 / (rate * 3600 * percent / 100)


def chunks_of_document(tokens: float, size: float, overlap: float) -> float:
    """Count the chunks of a sliding window over a document longer than the overlap; the last may be shorter.

    Examples
    --------
    >>> chunks_of_document(1000, 300, 50)
    4
    """
    return math.ceil((tokens - overlap) / (size - overlap))


def chunk_vectors_gb(billions: float, size: float, overlap: float, dims: float) -> float:
    """Compute the GB of float32 vectors for billions of tokens in long documents, cut by a sliding window.

    Examples
    --------
    >>> chunk_vectors_gb(1, 150, 50, 500)
    20.0
    """
    return billions * 4 * dims / (size - overlap)


def contextual_dollars(documents: float, tokens: float, size: float, price: float) -> float:
    """Price of reading each document once for each of its chunks, billed by the million tokens.

    Examples
    --------
    >>> contextual_dollars(1000, 8000, 400, 0.25)
    40.0
    """
    return documents * tokens / size * tokens * price / 1e6


def right_answers_percent(found: float, read: float, anyway: float) -> float:
    """Percentage of right answers, if so many per cent have their passage, and are right with or without it.

    Examples
    --------
    >>> right_answers_percent(80, 90, 10)
    74.0
    """
    return (found * read + (100 - found) * anyway) / 100


def kappa_of_verdicts(agreed: float, judge: float, expert: float) -> float:
    """Cohen's kappa of two judges, from the percentages of agreement and of what each calls right.

    Examples
    --------
    >>> kappa_of_verdicts(75, 50, 50)
    0.5
    """
    chance = (judge * expert + (100 - judge) * (100 - expert)) / 100
    return (agreed - chance) / (100 - chance)


def right_behind_a_judge_percent(passed: float, right: float, wrong: float) -> float:
    """Percentage of right answers, if a judge passes so many of all, of the right and of the wrong ones.

    Examples
    --------
    >>> right_behind_a_judge_percent(75, 90, 40)
    70.0
    """
    return 100 * (passed - wrong) / (right - wrong)


def confidence_to_answer_percent(gain: float, loss: float, handover: float) -> float:
    """Chance of being right, in per cent, from which to answer is worth more than to hand over.

    Examples
    --------
    >>> confidence_to_answer_percent(5, 20, 5)
    60.0
    """
    return 100 * (loss - handover) / (gain + loss)


def seconds_to_last_token(
    search: float, prompt: float, reading: float, words: float, writing: float
) -> float:
    """Compute the seconds of search (given in ms), of reading a prompt and of writing an answer.

    Examples
    --------
    >>> seconds_to_last_token(500, 4000, 8000, 200, 50)
    5.0
    """
    return search / 1000 + prompt / reading + words / writing


def answer_dollars_a_day(questions: float, passages: float, size: float, price: float) -> float:
    """Price of a day's answers: passages, 300 tokens of output at five times, 2,000 cached at a tenth.

    Examples
    --------
    >>> answer_dollars_a_day(1000, 5, 660, 2)
    10.0
    """
    return questions * (passages * size + 5 * 300 + 2000 / 10) * price / 1e6
