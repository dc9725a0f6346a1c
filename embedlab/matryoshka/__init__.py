"""Shorter vectors: prefixes, the loss that makes them good, a trained adapter, and the funnel."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "adapter": ["LinearAdapter"],
        "cascade": ["funnel_search"],
        "funnel": ["PrefixIndex", "RescoredIndex"],
        "loss": ["in_batch_softmax", "matryoshka_loss", "text_ids"],
        "prefixes": ["DIMS", "pca_rotation", "truncate"],
    },
)
