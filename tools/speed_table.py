"""The section on speed in README.md, made from what `embedlab bench all --write` kept for each machine.

python tools/speed_table.py
"""

from house import ROOT, between

from embedlab.speed import RECALLS, shipped_speeds


def machine_of(result: dict) -> str:
    """Say where a result was measured, for the head of a column."""
    return f"{result['machine']}, {result['kernels']}, {result['date']}"


def ratios(found: list[dict]) -> list[str]:
    """Set a row for each comparison, a column for each machine: median and quartiles of the rounds."""
    cells: dict[str, dict[str, str]] = {}
    for result in found:
        for row in result["rows"]:
            once = row["low"] == row["high"]
            value = f"{row['ratio']:.2f}" + ("" if once else f" ({row['low']:.2f} to {row['high']:.2f})")
            cells.setdefault(f"{row['what']} | {row['against']}", {})[machine_of(result)] = value
    machines = [machine_of(result) for result in found]
    lines = [f"| times as fast | as | {' | '.join(machines)} |", "| --- " * (2 + len(machines)) + "|"]
    return lines + [
        f"| {what} | {' | '.join(values.get(machine, '') for machine in machines)} |"
        for what, values in cells.items()
    ]


def graphs(result: dict) -> list[str]:
    """Set what the graphs of one machine take and give."""
    ann = result["parts"]["ann"]
    lines = [
        f"{ann['vectors']:,} vectors of {ann['dims']}, of chunks of DocSearch's documents and of Wikipedia's "
        f"articles; one thread, queries a second at recall@{ann['k']}; {machine_of(result)}:",
        "",
        f"| index | build s | bytes a vector | {' | '.join(f'at {recall}' for recall in RECALLS)} |",
        "| --- " * (3 + len(RECALLS)) + "|",
    ]
    for name, index in ann["indexes"].items():
        speeds = [ann["qps_at"][name][str(recall)] for recall in RECALLS]
        qps = " | ".join(f"{value:,.0f}" if value else "" for value in speeds)
        lines.append(f"| {name} | {index['build_s']:.1f} | {index['bytes_per_vector']:,.0f} | {qps} |")
    return lines


def reranking(result: dict) -> list[str]:
    """Set what the cross-encoder's time buys on one machine: quality on dev against milliseconds."""
    found = result["parts"]["reranking"]
    lines = [
        f"`{found['engine']}`, a query at a time, its cross-encoder asked for less, against itself; "
        f"{machine_of(result)}:",
        "",
        "| cross-encoder | nDCG@10 on dev | against the first | ms, median | times as fast |",
        "| --- " * 5 + "|",
    ]
    for row in found["rows"]:
        apart = f"{row['difference']:+.3f} [{row['difference low']:+.3f}, {row['difference high']:+.3f}]"
        lines.append(f"| {row['way']} | {row['ndcg']:.3f} | {apart} | {row['ms']:.0f} | {row['ratio']:.2f} |")
    return lines


def tables(result: dict) -> str:
    """Set both tables of one machine."""
    return "\n".join([*graphs(result), "", *reranking(result)])


def folded(result: dict) -> str:
    """Set the tables of one machine so that they are seen when asked for."""
    summary = f"<details><summary>The same two tables of {machine_of(result)}</summary>"
    return f"{summary}\n\n{tables(result)}\n\n</details>"


def built(result: dict) -> float:
    """Say how long the int8 graph took to build, in seconds: fast kernels and fast machines come first."""
    return result["parts"]["ann"]["indexes"]["ours int8"]["build_s"]


def draw(readme: str, found: list[dict] | None = None) -> str:
    """Put the tables between their markers in the text of README.md: in full those of the fastest kernels."""
    found = shipped_speeds() if found is None else found
    found = sorted(found, key=built)
    machines = [result["machine"] for result in found]
    found = sorted(found, key=lambda result: machines.index(result["machine"]))  # a machine's stay together
    blocks = ["\n".join(ratios(found)), *map(tables, found[:1]), *map(folded, found[1:])]
    return between(readme, "speed", "\n\n".join(blocks))


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(draw(readme.read_text(encoding="utf-8")), encoding="utf-8")
