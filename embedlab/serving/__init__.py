"""The engine behind a port: an encoder without torch, a server that batches, and what to do when it fails."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "standin": ["Nap"],
        "running": ["listening", "serve", "served", "server_of", "server_process", "status_of"],
        "app": ["Settings", "four_characters", "make_app", "readiness"],
        "metrics": ["Metrics", "SLO_S", "counted", "histogram_quantile", "latency_buckets"],
        "gate": ["Gate", "read_body", "unless_gone"],
        "batcher": ["Batcher"],
        "batching": ["Batching", "buckets", "padding_waste", "still_to_wait"],
        "limits": ["Limits", "Refused", "check_texts", "check_tokens", "retry_after"],
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
            "explained",
            "shortened",
            "texts_of",
        ],
    },
)
