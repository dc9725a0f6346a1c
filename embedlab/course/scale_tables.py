"""The table of chapter 16 that says which index to take, with measured numbers in it."""

from __future__ import annotations

from collections.abc import Mapping

HEAD = ("take", "while", "bytes a vector", "updates", "filters")


def which_index(sizes: Mapping[str, float], machine: float, exact_n: float) -> str:
    """Write the decision table as Markdown.

    Parameters
    ----------
    sizes : {name: bytes a vector}
        Of "graph", "codes" (with float16 vectors), "kept" (those vectors alone), "disk" (in memory) and
        "sectors" (on the disk).
    machine : float
        Bytes that a machine gives to an index.
    exact_n : float
        How many vectors exact search reads in the time that is allowed.

    Examples
    --------
    >>> sizes = {"graph": 1668, "codes": 844, "kept": 768, "disk": 52, "sectors": 2048}
    >>> table = which_index(sizes, 48e9, 71_000)
    >>> table.splitlines()[2][:47]
    '| **flat** | up to some 70,000 vectors a search'
    """
    held = {name: f"{machine / each / 1e6:,.0f} million" for name, each in sizes.items()}
    rows = [
        (
            "**flat**",
            f"up to some {float(f'{exact_n:.1g}'):,.0f} vectors a search, or where all answers must be found",
            "1,536",
            "at once, nothing to retrain",
            "exact, and faster the stricter",
        ),
        (
            "**HNSW**, Vamana",
            f"it fits in memory ({held['graph']} a machine); measure float lists (IVF) beside it",
            f"{sizes['graph']:,.0f}",
            "inserts at once; deletes leave tombstones, to be consolidated",
            "walk above a share, exact search below it",
        ),
        (
            "**IVF-PQ**, rescored",
            f"memory is short ({held['codes']} a machine with float16 kept), or builds must be quick",
            f"{sizes['codes']:,.0f}, or {sizes['codes'] - sizes['kept']:,.0f} with those on a disk",
            "append and remove freely; train anew when the data drift",
            "scan what passes; fewer pass, more probes; few: exact search",
        ),
        (
            "**DiskANN**",
            f"it does not fit ({held['disk']} a machine), and a millisecond or several are allowed",
            f"{sizes['disk']:,.0f}, and {sizes['sectors']:,.0f} on the disk",
            "a second, small index in memory, merged now and then",
            "after the search, or links by label",
        ),
    ]
    lines = [HEAD, ("---",) * len(HEAD), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
