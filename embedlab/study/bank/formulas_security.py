"""Formulas of the questions on security."""


def thousand_tickets_leaking(thousands: float, names: float, recall: float) -> float:
    """Thousands of tickets with at least one readable name, where each is found independently.

    Examples
    --------
    >>> thousand_tickets_leaking(100, 2, 90)
    19.0
    """
    return round(thousands * (1 - (recall / 100) ** names), 9)
