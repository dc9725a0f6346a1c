"""What search is measured with: DocSearch, metrics, intervals and the scoreboard."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "collection": [
            "Benchmark",
            "BenchmarkError",
            "Qrels",
            "docsearch",
            "held_out_documents",
            "held_out_lines",
            "parts_of",
            "training_pairs",
        ],
        "comparisons": [
            "Difference",
            "auc",
            "auc_interval",
            "grouped_interval",
            "holm",
            "p_text",
            "paired_difference",
            "seeded_sample",
        ],
        "docstrings": ["PACKAGES", "summary"],
        "folders": ["load_beir", "load_corpus"],
        "growth": ["grown"],
        "metrics": ["bootstrap_interval", "mrr", "ndcg", "randomisation_test", "recall", "recall_at_k"],
        "rankings": ["as_run", "quality", "run_of"],
        "resampling": ["bootstrap", "randomisation_p"],
        "scoreboard": ["HEADINGS", "LATENCY", "Scoreboard", "as_text", "latency", "measure", "median_ms"],
        "wikipedia": ["Article", "wikipedia"],
        "word_pairs": ["simlex999", "wordsim353"],
    },
)
