"""Two clouds of one shape: the rotation between them is found without a pair."""

import numpy as np
import pytest

from embedlab.pooling import l2_normalize
from embedlab.security.cloud_alignment import aligned_clouds
from embedlab.security.clouds_measured import SPLITS
from embedlab.security.defences import Rotation
from embedlab.security.inversion_measured import shipped_inversion

DIMS = 8


def cloud(seed, n=1600):
    """Draw vectors of length 1 with a mean and skewed axes of falling variance."""
    drawn = np.random.default_rng(seed).exponential(size=(n, DIMS)) * 0.6 ** np.arange(DIMS)
    return l2_normalize(drawn.astype(np.float32))


def test_other_vectors_of_one_shape_give_the_key():
    stolen, rotation = cloud(0), Rotation(key=5)
    back, fit = aligned_clouds(rotation.stored(stolen), cloud(1))
    assert np.allclose(back @ back.T, np.eye(DIMS), atol=1e-4)
    assert (l2_normalize(rotation.stored(stolen) @ back) * stolen).sum(1).mean() > 0.95
    wrong = rotation.stored(stolen) @ Rotation(key=6).matrix(DIMS)
    assert (wrong * stolen).sum(1).mean() < 0.5 < fit


def test_clouds_that_cannot_be_aligned():
    with pytest.raises(ValueError, match="20 vectors each"):
        aligned_clouds(cloud(0, 10), cloud(1))
    with pytest.raises(ValueError, match="one dimension"):
        aligned_clouds(cloud(0)[:, :4], cloud(1))


def test_most_shipped_splits_fall_and_the_fit_tells_which():
    shipped = shipped_inversion()["defences"]["clouds"]
    assert len(shipped) == len(SPLITS)
    fallen = [each["cosine"] > 0.9 for each in shipped]
    assert sum(fallen) >= 4
    assert all(np.mean(each["records"]) == 1 for each, fell in zip(shipped, fallen, strict=True) if fell)
    assert [each["fit"] > 0.7 for each in shipped] == fallen


def test_texts_of_another_package_do_not_give_the_key():
    """As many random documents do: it is the field, not the number of vectors."""
    for each in shipped_inversion()["defences"]["packages"].values():
        assert each["package"]["cosine"] < 0.4 < 0.9 < each["random"]["cosine"]
        assert sum(each["package"]["records"]) < 5
        assert np.mean(each["random"]["records"]) == 1
