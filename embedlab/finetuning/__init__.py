"""The training loop, and what is trained with it: an adapter, the encoder."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "biencoder": ["finetune", "finetuned", "fit_adapter", "pair_weights"],
        "loop": ["FusedEncoder", "claim", "layers_of", "train"],
    },
)
