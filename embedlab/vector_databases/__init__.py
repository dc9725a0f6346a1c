"""Vectors in real databases: PostgreSQL with pgvector, LanceDB, and shards of an index."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "gather": [
            "chance_to_miss",
            "depth_needed",
            "merge",
            "merge_by_rank",
            "merge_standardised",
            "recall_lost",
            "simulated_misses",
            "without_repeats",
        ],
        "hot_tenants": [
            "Traffic",
            "hashed",
            "latencies",
            "make_traffic",
            "own_shard",
            "split",
            "waits",
            "zipf",
        ],
        "hybrid_sql": ["full_text", "fused", "ranking"],
        "indexing": ["configure", "create_hnsw", "create_ivfflat", "distance", "nearest", "rescored"],
        "actors": ["Answer", "Shard", "ShardedIndex", "write_shards"],
        "lance_measured": ["lance_recall", "shipped_lance", "write_lance"],
        "shard_calls": ["call_rows", "measure_shards", "shipped_shards", "write_shards_result"],
        "sharding_experiments": [
            "merging_rows",
            "parts_of_dense",
            "parts_of_words",
            "places_of",
            "placement_rows",
        ],
        "lance": ["LanceIndex", "as_of", "as_table", "build", "bytes_on_disk", "open_table", "search_lance"],
        "moving": ["PHASES", "SAFE", "SWITCHED_FIRST", "WRITES_TO_OLD", "Cluster"],
        "plans": ["Plan", "aloud", "explain", "facts_of", "traps"],
        "postgres_index": ["PostgresIndex", "end_own_server", "exactly", "own_server", "transfer"],
        "ring": ["Ring", "jump", "largest_share", "make_ring", "modulo", "moved", "position", "rendezvous"],
        "schema": ["Row", "connect", "copy_rows", "create_partition", "create_table", "documents", "name_of"],
        "sharding": [
            "by_cluster",
            "by_id",
            "by_tenant",
            "fit_centroids",
            "gini",
            "imbalance",
            "recall_by_asked",
            "shards_to_ask",
        ],
        "tails": ["Tail", "by_deadline", "calls", "chance_slow", "hedge", "tail_rows"],
        "row_security": ["acting_as", "tenant_policies"],
    },
)
