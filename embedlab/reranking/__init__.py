"""A cross-encoder reads the best few again, query and document together."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cascade": ["oracle", "rerank"],
        "cross_encoder": ["SCALE", "CrossEncoder", "check_max_length", "maxsim_head"],
        "training": ["Example", "maxsim_scores", "mine", "train_reranker"],
    },
)
