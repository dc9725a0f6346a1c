"""The training loop, and what is trained with it: an adapter, the encoder."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "biencoder": ["finetune", "fit_adapter", "pair_weights", "pairs_key", "train_encoder"],
        "fused": ["FusedEncoder"],
        "lora": ["LoRA", "LoRAEncoder"],
        "loop": ["chances", "claim", "train"],
        "trained": ["trained_adapter", "trained_encoder", "trained_file"],
    },
)
