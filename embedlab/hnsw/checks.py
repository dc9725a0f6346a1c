"""Whether a stored graph leads anywhere: compiled code would follow its links out of memory."""

import numpy as np
from numpy.typing import NDArray

from embedlab.machine import compiled


def check_links(arrays: dict[str, NDArray], about: dict, *, lowest: int = 0) -> None:
    """Raise ValueError unless every link of a stored index leads to a vector that stands on its layer.

    Parameters
    ----------
    arrays, about
        As `HNSWIndex.state` gives them.
    lowest : int
        1 leaves out the links of layer 0, by far the most.
    """
    levels, links, upper = arrays["levels"], arrays["links"], arrays["upper"]
    names = {"levels", "links", "upper", "twins"} & set(arrays)
    if any(arrays[name].dtype != np.int32 for name in names):
        raise ValueError("levels and links must be int32")
    if arrays["deleted"].dtype != bool:
        raise ValueError("deleted must be bool")
    n, m, entry, top = len(arrays["vectors"]), about["m"], about["entry"], about["top"]
    if levels.shape != (n,) or links.shape != (n, 1 + 2 * m) or arrays["deleted"].shape != (n,):
        raise ValueError("there are not as many links as vectors")
    if "twins" in arrays and not (arrays["twins"].shape == (n,) and is_permutation(arrays["twins"])):
        raise ValueError("the circles of equal vectors are broken")
    if levels.min(initial=0) < 0 or upper.shape != (levels.sum(), 1 + m):
        raise ValueError("the upper layers are not as large as the levels say")
    if (entry, top) != (-1, 0) if n == 0 else not 0 <= entry < n or levels[entry] != top:
        raise ValueError(f"there is no vector {entry} on layer {top} to begin at")
    if not links_lead_somewhere(links, upper, levels, lowest):
        raise ValueError("a link leads to a vector that does not exist there, or there are too many links")


@compiled()
def is_permutation(numbers):
    """Tell whether each of 0 to n - 1 stands once in numbers (n,)."""
    seen = np.zeros(len(numbers), np.bool_)
    for i in numbers:
        if i < 0 or i >= len(numbers) or seen[i]:
            return False
        seen[i] = True
    return True


@compiled()
def links_lead_somewhere(links, upper, levels, lowest):
    """Tell whether all links from layer ``lowest`` on end at vectors that stand on their layer."""
    row = 0
    for i in range(len(levels)):
        for layer in range(lowest, levels[i] + 1):
            block = links[i] if layer == 0 else upper[row + layer - 1]
            if block[0] < 0 or block[0] >= len(block):
                return False
            for j in range(1, block[0] + 1):
                if block[j] < 0 or block[j] >= len(levels) or levels[block[j]] < layer:
                    return False
        row += levels[i]
    return True
