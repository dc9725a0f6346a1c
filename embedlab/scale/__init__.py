"""More vectors than one memory or one millisecond allows: inverted files, shorter codes, graphs on disk.

An inverted file (`IVFIndex`) looks into a few lists instead of everywhere, and `IVFPQIndex` keeps m bytes a
vector in them; `choose_nprobe` says how many lists a wanted recall takes. Each thing stands twice: in a plain
form to read, and compiled. `VamanaIndex` is a graph that needs no layers; `DiskIndex` leaves its vectors and
links in a file, and keeps codes in memory.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "anisotropic": [
            "anisotropic_losses",
            "encode_anisotropic",
            "fit_anisotropic",
            "parallel_weight",
            "refit_codebooks",
        ],
        "capacity": [
            "FILL",
            "copies_needed",
            "disk_bytes",
            "extrapolated",
            "hnsw_links",
            "memory_bytes",
            "queries_by_reads",
            "scan_seconds",
            "shards_needed",
        ],
        "clusters": ["assign", "imbalance", "train_centroids"],
        "disk": ["DiskIndex"],
        "fast_scan": ["PQFastScanIndex", "pack_blocks", "round_tables", "unpack_blocks"],
        "filtered": ["WAYS", "Filtered", "crossing_count", "search_filtered", "topics"],
        "graph_experiments": [
            "KINDS",
            "before_graphs",
            "filters",
            "linked",
            "masks",
            "memory",
            "on_disk",
        ],
        "graph_runs": ["by_alpha", "by_code", "by_overlap", "hops", "prune_steps"],
        "hashing": ["HyperplaneLSH", "ProjectionForest", "likely_flips"],
        "ivf": ["IVFIndex"],
        "ivf_pq": ["IVFPQIndex"],
        "ivf_rabitq": ["IVFRaBitQIndex"],
        "overlapping": ["closure", "read_by_lists"],
        "plain": [
            "PlainIVF",
            "PlainIVFPQ",
            "fill_lists",
            "probe",
            "score_codes",
            "scores_by_parts",
        ],
        "rabitq": ["RaBitQIndex", "RaBitQuantizer"],
        "rabitq_plain": ["error_bound", "estimate", "product_of_bits", "quantize_query", "sign_codes"],
        "rescoring": ["rescored"],
        "resident": ["memory_of"],
        "rotation": ["balanced_rotation", "opq_rotation", "random_rotation", "rotate"],
        "tuning": ["cheapest_nlist", "choose_nprobe", "list_ranks", "recall_by_probes"],
        "updates": ["churn"],
        "vamana_index": ["VamanaIndex"],
        "vamana_plain": ["greedy_search", "medoid", "random_links", "robust_prune"],
    },
)
