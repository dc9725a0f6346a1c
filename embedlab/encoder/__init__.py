"""BERT's encoder: `bert` is the one to read, `packed` the fast one; `pieces` are what chapter 02 builds."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bert": ["BertEncoder", "attention", "gelu", "layer_norm", "merge_heads", "split_heads"],
        "lazy": ["LazyEncoder"],
        "light": ["LightEncoder"],
        "packed": ["PackedEncoder", "batches", "shares"],
        "pieces": ["causal_attention", "count_parameters", "embed", "forward", "layer", "softmax"],
        "positions": ["alibi", "rotary", "sinusoids"],
        "weights": ["BertConfig", "read_arrays", "read_weights", "weights_file"],
    },
)
