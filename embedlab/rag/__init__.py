"""Answers from what was found: passages within a budget, the sentences that answer, and their citations."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "agreement": ["PositionBias", "corrected_rate", "kappa", "kappa_interval", "position_bias"],
        "answer": ["NOT_FOUND", "Answer", "Draft", "Read", "Search", "answerable", "ask"],
        "attribution": ["attributed", "uncited"],
        "citations": ["Citation", "citations", "support", "verified"],
        "bulk": ["Said", "complete", "likelihoods"],
        "endpoint": ["Endpoint"],
        "extractive": ["Extractive", "candidates"],
        "generating": ["INSTRUCTIONS", "Generative", "GeneratorError", "prompt", "refuses", "without_loop"],
        "generator": ["Generator", "Message", "SmallModel", "packaged_generator"],
        "llama": ["Cache", "Llama", "rms_norm", "rotated"],
        "material": ["Comparison", "FollowUp", "Turn", "comparisons", "follow_ups", "turns"],
        "passages": ["ORDERS", "Passage", "alike", "diverse", "mmr", "within_budget"],
        "refusing": ["aurc", "risk_bound", "risk_coverage", "threshold_for"],
        "rewriting": [
            "decompose",
            "decompose_messages",
            "first_line",
            "fused",
            "hyde",
            "hyde_messages",
            "hyde_vector",
            "listed",
            "standalone",
            "standalone_messages",
            "variants",
            "variants_messages",
        ],
        "routing": ["ROUTES", "Router", "by_rule"],
        "rules": ["History", "decompose_by_rule", "with_history", "with_keywords"],
        "scoring": [
            "answer_words",
            "context_precision",
            "context_recall",
            "exact",
            "faithfulness",
            "has",
            "token_f1",
        ],
        "sentences": ["quotable"],
    },
)
