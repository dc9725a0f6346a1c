"""A vector for each token: late interaction (MaxSim), and token vectors in few bytes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "centroids": ["PlaidStage", "plaid", "probed_documents"],
        "codec": ["ResidualCodec"],
        "interaction": ["TokenIndex", "maxsim", "score_spans", "take_maxima"],
        "maxima": ["document_maxima"],
        "model": ["DOCUMENT_MARKER", "QUERY_MARKER", "ColBERT"],
        "residual": ["ResidualIndex"],
        "training": ["fit_projection"],
    },
)
