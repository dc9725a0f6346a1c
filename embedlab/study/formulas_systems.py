"""Formulas of the questions on what comes after the chapters: RAG, training, serving, databases, cost."""

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
