"""What it takes to embed a billion documents, on paper: hours, dollars, and a band for what is not known."""

from dataclasses import dataclass

HOUR = 3600.0
GB = 1e9


@dataclass(frozen=True)
class Run:
    """Hours and dollars of one run."""

    hours: float
    dollars: float
    machine_hours: float
    egress_gb: float


def hours_and_dollars(
    documents: float,
    rate: float,
    machines: int,
    price: float,
    *,
    tokens: float = 128,
    measured_tokens: float = 128,
    lost: float = 0.0,
    used: float = 0.9,
    vector_bytes: float = 1536,
    egress_price: float = 0.0,
) -> Run:
    """Work out a run from a measured rate.

    Hours are documents / (machines · rate), where the rate falls with the tokens of a document (true while
    texts are short: attention, which grows with their square, is a small part), with the share of time that
    machines are busy, and with the work that interruptions destroy.

    Parameters
    ----------
    documents : float
    rate : float
        Documents a second of one machine, measured on documents of ``measured_tokens``.
    machines : int
    price : float
        Dollars of a machine-hour. One whose hour may be interrupted ("spot") costs less, and loses work.
    tokens, measured_tokens : float
        Of a document here, and where the rate was measured.
    lost : float
        Share of the work that is done again, from 0 to below 1; see `lost_to_interruptions`.
    used : float
        Share of the time in which a machine embeds: it also starts, loads the model, and waits for the last.
    vector_bytes : float
        Of one vector; all vectors leave the place where they are made.
    egress_price : float
        Dollars for a GB of 10^9 bytes that leaves; 0 within one region.

    Raises
    ------
    ValueError
        If a count or a rate is not positive, or a share not between 0 and 1.

    Examples
    --------
    >>> run = hours_and_dollars(1e9, rate=25, machines=100, price=0.10, used=1.0)
    >>> f"{run.hours:.0f} hours, {run.machine_hours:,.0f} machine-hours, ${run.dollars:,.0f}"
    '111 hours, 11,111 machine-hours, $1,111'
    """
    positive = {"documents": documents, "rate": rate, "machines": machines, "tokens": tokens}
    for name, value in (positive | {"measured_tokens": measured_tokens}).items():
        if not value > 0:
            raise ValueError(f"{name} must be positive, but is {value}")
    if not (0 <= lost < 1 and 0 < used <= 1):
        raise ValueError(f"lost is {lost}, used is {used}: shares, of which lost is below 1 and used above 0")
    effective = rate * (measured_tokens / tokens) * used * (1 - lost)  # documents a second of a machine
    machine_hours = documents / effective / HOUR
    gb = documents * vector_bytes / GB
    return Run(machine_hours / machines, machine_hours * price + gb * egress_price, machine_hours, gb)


def lost_to_interruptions(per_hour: float, part_s: float, restart_s: float) -> float:
    """Return the share of the time that interruptions cost.

    Each one destroys the part under way, half of it on average, and takes a restart. So small parts lose
    little, and with parts of a minute even frequent interruptions cost less than the discount gives.

    Parameters
    ----------
    per_hour : float
        Interruptions of one machine in an hour.
    part_s, restart_s : float
        Seconds of a part; until a new machine embeds.

    Examples
    --------
    >>> [round(lost_to_interruptions(0.05, part_s, 120), 4) for part_s in (10, 600, 36_000)]
    [0.0017, 0.0058, 0.2517]
    """
    if min(per_hour, part_s, restart_s) < 0:
        raise ValueError(f"negative: per_hour={per_hour}, part_s={part_s}, restart_s={restart_s}")
    return min(1.0, per_hour * (part_s / 2 + restart_s) / HOUR)


def band(low: Run, high: Run) -> str:
    """Put the two ends of an estimate into one sentence: what is known to a factor is said as a band.

    Examples
    --------
    >>> cheap, costly = (hours_and_dollars(1e9, rate, 100, 0.1) for rate in (50, 25))
    >>> band(cheap, costly)
    '62 to 123 hours, $617 to $1,235'
    """
    return f"{low.hours:,.0f} to {high.hours:,.0f} hours, ${low.dollars:,.0f} to ${high.dollars:,.0f}"
