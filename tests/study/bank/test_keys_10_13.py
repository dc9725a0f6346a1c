"""Keys of topics 10 to 13, measured."""

import numpy as np

from embedlab.pooling import l2_normalize as unit


def test_a_range_that_stops_early_drops_short_texts_and_tails():
    def chunks(tokens, size=400, overlap=50, end=None):
        return [tokens[i : i + size] for i in range(0, end(len(tokens)), size - overlap)]

    for length in (1, 50, 250, 400, 401, 1000):
        tokens = list(range(length))
        wrong = chunks(tokens, end=lambda n: n - 400)
        right = chunks(tokens, end=lambda n: max(n - 50, 1))
        assert bool(wrong) == (length > 400)
        assert set().union(*wrong) < set(tokens)
        assert set().union(*right) == set(tokens)


def appearances(documents, queries, k=10):
    found = np.argpartition(-(queries @ documents.T), k, axis=1)[:, :k]
    return np.bincount(found.ravel(), minlength=len(documents))


def test_hubs_lie_near_the_mean_and_grow_with_dimensions():
    rng = np.random.default_rng(0)
    largest = {}
    for dims in (3, 200):
        shared = np.r_[0.6 * np.sqrt(dims), np.zeros(dims - 1)]  # what all texts have in common
        documents, queries = (unit(shared + rng.normal(size=(2000, dims))) for _ in range(2))
        counts = appearances(documents, queries)
        largest[dims] = counts.max()
    to_mean = documents @ unit(documents.mean(axis=0))
    hubs, never = np.argsort(-counts)[:20], counts == 0
    assert to_mean[hubs].mean() > np.quantile(to_mean, 0.95)
    assert never.sum() > 100
    assert to_mean[never].mean() < np.quantile(to_mean, 0.2)
    assert largest[200] > 4 * largest[3]
    centre = documents.mean(axis=0)
    assert appearances(unit(documents - centre), unit(queries - centre)).max() < largest[200] / 4


def test_a_mean_cosine_of_zero_does_not_make_a_space_isotropic():
    rng = np.random.default_rng(0)
    scale = 1 / np.arange(1, 101)  # a cigar
    vectors = unit(np.r_[np.zeros(99), 1.5] + rng.normal(size=(2000, 100)) * scale)
    off = ~np.eye(2000, dtype=bool)
    before = (vectors @ vectors.T)[off].mean()
    assert before > 0.5
    assert np.isclose(before, (vectors.mean(axis=0) ** 2).sum(), atol=1e-3)
    centred = unit(vectors - vectors.mean(axis=0))
    assert abs((centred @ centred.T)[off].mean()) < 0.01
    eigen = np.linalg.eigvalsh(np.cov(centred.T))
    assert eigen.sum() ** 2 / (eigen**2).sum() < 10  # of 100


def test_whitening_from_few_documents_blows_up_directions_they_lack():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(768, 768)))[0]
    scale = np.arange(1, 769) ** -0.5
    documents = rng.normal(size=(500, 768)) * scale @ turn
    queries = documents + 0.3 * rng.normal(size=(500, 768))  # each near its document, noise in all directions

    def found(vectors, asked):
        return (np.argmax(unit(asked) @ unit(vectors).T, axis=1) == np.arange(500)).mean()

    share = {}
    for n in (500, 8000):
        sample = rng.normal(size=(n, 768)) * scale @ turn
        mean = sample.mean(axis=0)
        values, axes = np.linalg.eigh(np.cov(sample.T))
        whiten = axes / np.sqrt(values.clip(0) + 1e-9)
        white = (documents - mean) @ whiten
        share[n] = found(white, (queries - mean) @ whiten)
        empty = values < 1e-12
        assert empty.sum() == max(768 - (n - 1), 0)
        if n == 500:
            assert (white[:, empty] ** 2).sum() > 0.99 * (white**2).sum()
    assert found(documents, queries) > 0.95
    assert share[8000] > 0.7
    assert share[500] < 0.5


def test_one_more_number_turns_inner_product_into_distance():
    rng = np.random.default_rng(0)
    documents, query = rng.normal(size=(500, 16)) * rng.uniform(0.2, 3, size=(500, 1)), rng.normal(size=16)
    wanted = np.argsort(-documents @ query)
    lengths = (documents**2).sum(axis=1)
    longer = np.c_[documents, np.sqrt((lengths.max() - lengths).clip(0))]
    by_distance = np.argsort(np.linalg.norm(longer - np.r_[query, 0], axis=1))
    assert (by_distance == wanted).all()
    assert (np.argsort(np.linalg.norm(documents - query, axis=1)) != wanted).any()


def test_two_neighbours_without_the_point_itself():
    from scipy.spatial.distance import cdist

    rng = np.random.default_rng(0)
    x = rng.uniform(size=(1500, 3)) @ np.linalg.qr(rng.normal(size=(50, 3)))[0].T
    distances = np.sort(cdist(x, x), axis=1)
    with np.errstate(divide="ignore"):
        assert len(x) / np.log(distances[:, 1] / distances[:, 0]).sum() == 0
    assert abs(len(x) / np.log(distances[:, 2] / distances[:, 1]).sum() - 3) < 0.4


def softmax_loss(scores, own):
    scores = scores - scores.max(axis=1, keepdims=True)
    return (np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(own)), own]).mean()


def test_accumulating_does_not_add_negatives():
    rng = np.random.default_rng(0)
    documents = unit(rng.normal(size=(512, 64)))
    queries = unit(documents + 0.3 * rng.normal(size=(512, 64)))
    scores = queries @ documents.T / 0.05
    pieces = [slice(i, i + 64) for i in range(0, 512, 64)]
    accumulated = np.mean([softmax_loss(scores[p, p], np.arange(64)) for p in pieces])
    blocks = np.where(np.kron(np.eye(8), np.ones((64, 64))) == 1, scores, -np.inf)
    assert np.isclose(accumulated, softmax_loss(blocks, np.arange(512)))  # 63 negatives each
    assert softmax_loss(scores, np.arange(512)) > 2 * accumulated


def test_choosing_among_32_is_easy_where_a_collection_is_hard():
    rng = np.random.default_rng(0)
    topics = rng.normal(size=(500, 64))
    documents = unit(
        np.repeat(topics, 40, axis=0) + 0.3 * rng.normal(size=(20_000, 64))
    )  # 40 near misses each
    asked = rng.choice(20_000, size=640, replace=False)
    queries = unit(documents[asked] + 0.12 * rng.normal(size=(640, 64)))
    batches = asked.reshape(20, 32)
    in_batch = [
        np.argmax(queries[i * 32 : i * 32 + 32] @ documents[b].T, axis=1) for i, b in enumerate(batches)
    ]
    assert (np.array(in_batch) == np.arange(32)).mean() > 0.97
    assert (np.argmax(queries @ documents.T, axis=1) == asked).mean() < 0.8


def test_gathered_targets_need_the_offset_of_their_rank():
    documents = unit(np.random.default_rng(0).normal(size=(4, 64, 128)))  # by rank; queries equal to them
    everyone = documents.reshape(256, 128)
    for rank in range(4):
        scores = documents[rank] @ everyone.T / 0.05
        assert softmax_loss(scores, np.arange(64) + 64 * rank) < 0.01
        assert (softmax_loss(scores, np.arange(64)) > 10) == (rank > 0)


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
