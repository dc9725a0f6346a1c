"""Ours against the libraries that professionals use, interleaved in one process."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "ann": ["RECALLS", "as_text", "bench_ann", "qps_at", "recall_at_k"],
        "cores": ["pinned", "stolen_seconds", "two_cores"],
        "dimensions": [
            "dimension_row",
            "dimensions_on_docsearch",
            "intrinsic_dimension",
            "measure_dimensions",
        ],
        "encoder": ["bench_encoder", "bench_tokenizer"],
        "engines": ["bench_engines", "write_latency"],
        "equal_settings": ["against_faiss", "faiss_lists", "measure_equal", "same_lists"],
        "everything": [
            "bench_all",
            "everything_as_text",
            "ratio_rows",
            "shipped_speeds",
            "write_speed_of_machine",
        ],
        "kernels": ["bench_kernels", "kernels_as_text"],
        "load": [
            "LOAD",
            "LOADS",
            "OPEN",
            "RULES",
            "WAYS",
            "bench_load",
            "on_paper",
            "quick_load",
            "shipped_load",
            "write_load",
        ],
        "peers": ["OURS", "PEERS"],
        "rank": ["bench_rank"],
        "reranking": ["bench_reranking", "reranking_as_text"],
        "scale": ["bench_scale", "measure_scale", "scale_as_text", "shipped_scale"],
        "scale_reading": [
            "at_recall",
            "crossing",
            "fit_power",
            "frontier_rows",
            "growth_rows",
            "single_ms",
            "undominated",
            "within",
        ],
        "server_times": ["one_run", "percentiles", "request_stages", "run_row", "server_totals", "summary"],
        "serving": ["bench_serving", "shipped_speed", "texts_of_length", "write_speed"],
        "turns": ["interleave", "ratio_of", "spread", "take_turns"],
    },
)
