"""The chapters put together: stages, engines made of them, and the catalogue of engines by name."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "answers": ["THRESHOLDS", "asker", "generator", "passages_of"],
        "catalogue": ["DEPTH", "ENGINES", "EXTRAS", "build_engine", "missing", "parts_for"],
        "controls": ["pool_tokens"],
        "first_stages": ["BM25Stage", "ColBERTStage", "DenseStage"],
        "models": [
            "COLBERT_LEAD",
            "LEAD",
            "RERANKERS",
            "cross_encoder",
            "embedder",
            "finetuned_embedder",
            "trained_colbert",
        ],
        "passages": ["PassageHit", "PassageSearch", "Place"],
        "quoting": ["KeptScores", "Quotes"],
        "runs": ["Runs"],
        "scores": ["kept_scores", "score_matrix"],
        "search": ["Engine", "Hit", "SearchEngine"],
        "shipping": ["ship_all"],
        "stages": ["FusionStage", "RerankStage", "Stage", "Trace"],
        "training": ["train_all"],
        "variants": ["exact_ten", "variant_bytes", "variant_ranking"],
    },
)
