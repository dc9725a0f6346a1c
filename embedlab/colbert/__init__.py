"""A vector for each token: late interaction (MaxSim), and token vectors in few bytes."""

from embedlab.colbert.maxsim import TokenIndex, maxsim, take_maxima
from embedlab.colbert.model import DOCUMENT_MARKER, QUERY_MARKER, ColBERT, fit_projection
from embedlab.colbert.residual import ResidualCodec, ResidualIndex

__all__ = [
    "DOCUMENT_MARKER",
    "QUERY_MARKER",
    "ColBERT",
    "ResidualCodec",
    "ResidualIndex",
    "TokenIndex",
    "fit_projection",
    "maxsim",
    "take_maxima",
]
