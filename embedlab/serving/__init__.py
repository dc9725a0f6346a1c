"""The engine behind a port: an encoder without torch, a server that batches, and what to do when it fails."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "contract": [
            "Embedding",
            "EmbeddingsRequest",
            "EmbeddingsResponse",
            "RerankRequest",
            "RerankResponse",
            "RerankResult",
            "SearchHit",
            "SearchRequest",
            "SearchResponse",
            "Usage",
            "as_base64",
            "embeddings_response",
            "error_body",
            "shortened",
            "texts_of",
        ],
    },
)
