"""What the planner did: the few facts of ``EXPLAIN (ANALYZE, BUFFERS)`` that matter for a search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from embedlab.machine import needs

psycopg, sql = needs("psycopg"), needs("psycopg.sql")


@dataclass(frozen=True)
class Plan:
    """The facts of one executed plan.

    Attributes
    ----------
    nodes : tuple of str
        The steps, the last one first, each with the index or table that it reads.
    index : str or None
        The index whose order or condition was used.
    rows : int
        Rows returned.
    removed : int
        Rows that were fetched and then failed a condition: the work of post-filtering.
    buffers : int
        Pages of 8 kB that were looked at; those looked at twice count twice.
    read : int
        Of these, pages that were not in PostgreSQL's own cache.
    ms : float
        Planning and executing, without sending the rows.
    """

    nodes: tuple[str, ...]
    index: str | None
    rows: int
    removed: int
    buffers: int
    read: int
    ms: float


def facts_of(explained: dict) -> Plan:
    """Take the facts out of what ``EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)`` gives.

    Examples
    --------
    >>> scan = {"Node Type": "Index Scan", "Index Name": "by_vector", "Actual Rows": 10.0, "Actual Loops": 1}
    >>> top = {"Node Type": "Limit", "Actual Rows": 10.0, "Shared Hit Blocks": 700, "Plans": [scan]}
    >>> facts = facts_of({"Plan": top, "Planning Time": 0.1, "Execution Time": 0.9})
    >>> facts.nodes, facts.index, facts.buffers
    (('Limit', 'Index Scan on by_vector'), 'by_vector', 700)
    """
    nodes = list(_nodes(explained["Plan"]))
    top = nodes[0]
    names = [(node, node.get("Index Name") or node.get("Relation Name")) for node in nodes]
    removed = sum(
        value * node.get("Actual Loops", 1)
        for node in nodes
        for key, value in node.items()
        if key.startswith("Rows Removed by")
    )
    read = top.get("Shared Read Blocks", 0)
    return Plan(
        nodes=tuple(node["Node Type"] + (f" on {name}" if name else "") for node, name in names),
        index=next((node["Index Name"] for node in nodes if "Index Name" in node), None),
        rows=round(top["Actual Rows"]),
        removed=round(removed),
        buffers=top.get("Shared Hit Blocks", 0) + read,
        read=read,
        ms=round(explained.get("Planning Time", 0) + explained.get("Execution Time", 0), 2),
    )


def _nodes(plan: dict) -> Iterator[dict]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def explain(connection: psycopg.Connection, query: str | sql.Composable, values: dict | None = None) -> Plan:
    """Run a query and return what its plan did.

    Raises
    ------
    ValueError
        If the query is wrong; the message is PostgreSQL's.
    """
    query = sql.SQL(query) if isinstance(query, str) else query
    prefix = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ")
    try:
        [(explained,)] = connection.execute(prefix + query, values).fetchall()
    except psycopg.ProgrammingError as error:
        raise ValueError(f"PostgreSQL refuses this query: {error.diag.message_primary}") from error
    return facts_of(explained[0])


def aloud(plan: Plan) -> str:
    """Say a plan in one sentence.

    Examples
    --------
    >>> print(aloud(Plan(("Limit", "Seq Scan on docs"), None, 10, 0, 2000, 0, 25.0)))
    No index: every row was looked at; 10 rows came out, none failed a condition; 2,000 pages (15.6 MB),
    0 of them from outside the cache; 25.0 ms.
    """
    served = f"The index {plan.index} served it" if plan.index else "No index: every row was looked at"
    failed = f"{plan.removed:,}" if plan.removed else "none"
    return (
        f"{served}; {plan.rows:,} rows came out, {failed} failed a condition; {plan.buffers:,} pages "
        f"({plan.buffers * 8 / 1024:.1f} MB), {plan.read:,} of them from outside the cache; {plan.ms} ms."
    )


def traps(table: str, dims: int = 384) -> dict[str, str]:
    """Return queries that look alike; an index by inner product serves the first two of them only.

    Each takes the parameter ``query``. The first one is as it should be; the second one looks like exact
    search with ties in order, and is none.

    Examples
    --------
    >>> list(traps("docs"))
    ['as it should be', 'a second key', 'score descending', 'another operator', 'no limit', 'a cast',
     'a threshold']
    """
    name = sql.Identifier(table).as_string()
    start = f"SELECT id FROM {name}"
    return {
        "as it should be": f"{start} ORDER BY embedding <#> %(query)s LIMIT 10",
        "a second key": f"{start} ORDER BY embedding <#> %(query)s, id LIMIT 10",
        "score descending": f"{start} ORDER BY -(embedding <#> %(query)s) DESC LIMIT 10",
        "another operator": f"{start} ORDER BY embedding <=> %(query)s LIMIT 10",
        "no limit": f"{start} ORDER BY embedding <#> %(query)s",
        "a cast": f"{start} ORDER BY embedding::halfvec({dims}) <#> %(query)s::halfvec({dims}) LIMIT 10",
        "a threshold": f"{start} WHERE embedding <#> %(query)s < -0.5",
    }
