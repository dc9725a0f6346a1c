"""Keys of the questions on chunking, measured."""


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
    for length in (750, 1100):
        assert (
            max(chunks(list(range(length)), end=lambda n: n - 400)[-1]) == length - 351
        )  # a full window is lost
