"""Fewer bits a number: half precision, int8, signs, and product quantization."""

from embedlab.quantization.product import PQIndex, ProductQuantizer, kmeans, look_up, squared_distances
from embedlab.quantization.scalar import (
    BinaryIndex,
    Float16Index,
    Int8Index,
    Int8Quantizer,
    binarize,
    decode_int8,
    encode_int8,
    hamming,
)

__all__ = [
    "BinaryIndex",
    "Float16Index",
    "Int8Index",
    "Int8Quantizer",
    "PQIndex",
    "ProductQuantizer",
    "binarize",
    "decode_int8",
    "encode_int8",
    "hamming",
    "kmeans",
    "look_up",
    "squared_distances",
]
