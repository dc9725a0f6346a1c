"""Shorter vectors: prefixes, the loss that makes them good, a trained adapter, and the funnel."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "funnel": ["PrefixIndex", "RescoredIndex"],
        "prefixes": [
            "DIMS",
            "LinearAdapter",
            "in_batch_softmax",
            "matryoshka_loss",
            "pca_rotation",
            "truncate",
        ],
    },
)
