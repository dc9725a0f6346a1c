"""The table of chapter 16 that says which index to take, with measured numbers in it."""

from __future__ import annotations

from collections.abc import Mapping

HEAD = ("take", "while", "bytes a vector", "updates", "filters")


def which_index(sizes: Mapping[str, float], machine: float, exact_n: tuple[float, float]) -> str:
    """Write the decision table as Markdown.

    Parameters
    ----------
    sizes : {name: bytes a vector}
        Of "graph", "int8" (a graph with codes beside the floats), "codes" and "bits" (with float16 vectors),
        "kept" (those alone), "disk" and "longer" (in memory), "sectors" (on disk); without what is shared.
    machine : float
        Bytes that a machine gives to an index.
    exact_n : (float, float)
        How many vectors exact search reads in the time that is allowed, ours and FAISS's.

    Examples
    --------
    >>> sizes = {"graph": 1668, "int8": 2061, "codes": 820, "bits": 836, "kept": 768, "disk": 48}
    >>> sizes |= {"longer": 96, "sectors": 2048}
    >>> table = which_index(sizes, 48e9, (71_000, 148_000))
    >>> table.splitlines()[2].split(" | ")[1]
    'up to 70,000 (ours) to 150,000 (FAISS) vectors a search, or where all must be found'
    """
    ours, faiss = (round(n, -4) for n in exact_n)
    held = {name: f"{machine / each / 1e6:,.0f} million" for name, each in sizes.items()}
    rows = [
        (
            "**flat**",
            f"up to {ours:,.0f} (ours) to {faiss:,.0f} (FAISS) vectors a search, or where all must be found",
            "1,536",
            "at once, nothing to retrain",
            "exact, and faster the stricter",
        ),
        (
            "**HNSW**, Vamana",
            f"it fits in memory ({held['graph']} a machine, {held['int8']} with int8 codes)",
            f"{sizes['graph']:,.0f}, or {sizes['int8']:,.0f} with int8 codes beside",
            "inserts at once; deletes leave tombstones, to be consolidated",
            "walk above a count that pass, exact search below it",
        ),
        (
            "**codes in lists**, rescored",
            f"memory is short ({held['codes']} a machine with float16 kept): one-bit codes, or IVF-PQ "
            "with a longer shortlist",
            f"{sizes['codes']:,.0f} to {sizes['bits']:,.0f}, or {sizes['codes'] - sizes['kept']:,.0f} to "
            f"{sizes['bits'] - sizes['kept']:,.0f} with those on a disk",
            "append and remove freely; train anew when the data drift",
            "scan what passes; fewer pass, more probes; few: exact search",
        ),
        (
            "**DiskANN**",
            f"it does not fit (codes of {held['longer']} to {held['disk']} fill a machine), and milliseconds "
            "are allowed",
            f"{sizes['disk']:,.0f} to {sizes['longer']:,.0f}, and {sizes['sectors']:,.0f} on the disk",
            "a second, small index in memory, merged now and then",
            "after the search; Filtered-DiskANN also links within each label",
        ),
    ]
    lines = [HEAD, ("---",) * len(HEAD), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
