"""From texts to vectors: tokenizer, encoder and pooling in one."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "folder": ["read_folder"],
        "model": ["Embedder", "Floats"],
        "texts": ["TruncationWarning", "checked_texts", "progress"],
        "vectors": ["VectorStore", "shipped_spaces", "text_key"],
    },
)
