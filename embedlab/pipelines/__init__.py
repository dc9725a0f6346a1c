"""Embedding what is stored, and what changes, exactly once in effect: queues, workers, change capture."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "encoders": ["encoder"],
        "costs": ["Run", "band", "hours_and_dollars", "lost_to_interruptions"],
        "on_ray": ["embed_on_ray"],
        "parts": ["Part", "cut", "done_in", "embed_parts", "open_out", "vectors_in"],
    },
)
