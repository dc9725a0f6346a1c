"""A vector for each token: late interaction (MaxSim), and token vectors in few bytes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "centroids": ["PlaidStage", "plaid", "probed_documents"],
        "interaction": ["TokenIndex", "maxsim", "take_maxima"],
        "model": ["DOCUMENT_MARKER", "QUERY_MARKER", "ColBERT"],
        "residual": ["ResidualCodec", "ResidualIndex"],
        "training": ["fit_projection"],
    },
)
