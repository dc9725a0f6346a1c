"""Keys of the questions on images beside texts, measured."""

import numpy as np

from embedlab.pooling import l2_normalize as unit


def test_two_cones_put_texts_before_images():
    rng = np.random.default_rng(0)
    content = rng.normal(size=(1200, 64))  # 600 captions of other images, then 600 images
    gap = np.r_[np.zeros(64), 12.0]
    captions, images = (
        unit(np.c_[content[:600], np.zeros(600)] + gap / 2),
        unit(np.c_[content[600:], np.zeros(600)] - gap / 2),
    )
    noise = 0.3 * rng.normal(size=(600, 64))
    queries = unit(np.c_[content[600:] + noise, np.zeros(600)] + gap / 2)  # texts, each fitting one image
    to_captions, to_images = queries @ captions.T, queries @ images.T
    assert (np.argmax(to_images, axis=1) == np.arange(600)).mean() > 0.95  # among images, the right one leads
    ahead = (to_captions > to_images[np.arange(600), np.arange(600)][:, None]).sum(axis=1)
    assert np.median(ahead) > 10  # but captions fill the first page

    def centred(vectors):
        return unit(vectors - vectors.mean(axis=0))

    near = centred(queries) @ centred(images).T
    ahead = (centred(queries) @ centred(captions).T > near[np.arange(600), np.arange(600)][:, None]).sum(
        axis=1
    )
    assert np.median(ahead) == 0
