"""Fewer bits a number: half precision, int8, signs, and product quantization."""

from embedlab.quantization.binary import BinaryIndex, binarize, hamming
from embedlab.quantization.codes import LearnedIndex
from embedlab.quantization.experiments import (
    balanced_order,
    places,
    shortlist_places,
    trained_codebooks,
)
from embedlab.quantization.plain import encode_pq, kmeans_step, rescore, score_tables
from embedlab.quantization.product import PQIndex, ProductQuantizer, kmeans, look_up, squared_distances
from embedlab.quantization.scalar import Float16Index, Int8Index, Int8Quantizer, decode_int8, encode_int8

__all__ = [
    "BinaryIndex",
    "Float16Index",
    "Int8Index",
    "Int8Quantizer",
    "LearnedIndex",
    "PQIndex",
    "ProductQuantizer",
    "balanced_order",
    "binarize",
    "decode_int8",
    "encode_int8",
    "encode_pq",
    "hamming",
    "kmeans",
    "kmeans_step",
    "look_up",
    "places",
    "rescore",
    "score_tables",
    "shortlist_places",
    "squared_distances",
    "trained_codebooks",
]
