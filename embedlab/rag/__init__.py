"""Answers from what was found: passages within a budget, the sentences that answer, and their citations."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "answer": ["NOT_FOUND", "Answer", "Draft", "Read", "Search", "answerable", "ask"],
        "citations": ["Citation", "citations", "support", "verified"],
        "bulk": ["Said", "complete", "likelihoods"],
        "extractive": ["Extractive", "candidates"],
        "generator": ["Generator", "Message", "SmallModel", "packaged_generator"],
        "llama": ["Cache", "Llama", "rms_norm", "rotated"],
        "passages": ["ORDERS", "Passage", "alike", "diverse", "mmr", "within_budget"],
        "sentences": ["quotable"],
    },
)
