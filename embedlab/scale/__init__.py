"""More vectors than one memory or one millisecond allows: inverted files, shorter codes, graphs on disk.

An inverted file (`IVFIndex`) looks into a few lists instead of everywhere, and `IVFPQIndex` keeps m bytes a
vector in them; `choose_nprobe` says how many lists a wanted recall takes. Each thing stands twice: in a plain
form to read, and compiled.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "clusters": ["assign", "imbalance", "train_centroids"],
        "ivf": ["IVFIndex"],
        "ivf_pq": ["IVFPQIndex"],
        "plain": [
            "PlainIVF",
            "PlainIVFPQ",
            "fill_lists",
            "probe",
            "score_codes",
            "scores_by_parts",
        ],
        "rotation": ["balanced_rotation", "opq_rotation", "random_rotation", "rotate"],
        "tuning": ["cheapest_nlist", "choose_nprobe", "list_ranks", "recall_by_probes"],
    },
)
