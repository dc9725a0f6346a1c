"""The chapters put together: stages, engines made of them, and the catalogue of engines by name."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "catalogue": [
            "COLBERT_LEAD",
            "DEPTH",
            "ENGINES",
            "build_engine",
            "cross_encoder",
            "embedder",
            "parts_for",
            "trained_colbert",
        ],
        "search": ["Engine", "Hit", "SearchEngine"],
        "stages": ["FusionStage", "RerankStage", "Stage", "Trace"],
    },
)
