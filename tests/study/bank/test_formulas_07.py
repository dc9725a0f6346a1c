"""Each formula of chapter 07, computed by another route."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(
    ("query_tokens", "document_tokens", "dims", "candidates"), [(12, 80, 64, 100), (8, 60, 384, 5)]
)
def test_maxsim_millions_counted_by_torch(query_tokens, document_tokens, dims, candidates):
    query, documents = torch.zeros(query_tokens, dims), torch.zeros(dims, candidates * document_tokens)
    with FlopCounterMode(display=False) as counter:
        _ = query @ documents
    counted = counter.get_total_flops() / 2 / 1e6  # it counts the additions as well
    millions = FORMULAS["maxsim_millions"](query_tokens, document_tokens, dims, candidates)
    assert millions == pytest.approx(counted)


@pytest.mark.parametrize(
    ("tokens", "kept_percent", "bits", "dims"), [(200, 70, 2, 128), (80, 60, 1, 64), (40, 100, 4, 96)]
)
def test_residual_bytes_of_packed_arrays(tokens, kept_percent, bits, dims):
    kept = tokens * kept_percent // 100
    numbers = np.zeros(kept, dtype=np.uint16)
    codes = np.packbits(np.zeros((kept, dims * bits), dtype=bool), axis=1)
    assert FORMULAS["residual_bytes"](tokens, kept_percent, bits, dims) == numbers.nbytes + codes.nbytes
