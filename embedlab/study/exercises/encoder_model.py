"""The exercises of chapter 02 that make the whole model: what goes in, one layer, all layers."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def tiny_weights(rng: np.random.Generator, d: int, layers: int, words: int = 5, positions: int = 6) -> dict:
    """Draw the weights of a very small BERT, by the names that Hugging Face gives them."""
    import torch

    def draw(*shape, centre=0):
        return torch.tensor(rng.integers(-2, 3, shape) / 2 + centre, dtype=torch.float32)

    made = {
        "embeddings.word_embeddings.weight": draw(words, d),
        "embeddings.position_embeddings.weight": draw(positions, d),
        "embeddings.token_type_embeddings.weight": draw(2, d),
    }
    norms = ["embeddings.LayerNorm"]
    for i in range(layers):
        name = f"encoder.layer.{i}"
        shapes = {f"attention.self.{part}": (d, d) for part in ("query", "key", "value")}
        shapes |= {
            "attention.output.dense": (d, d),
            "intermediate.dense": (4 * d, d),
            "output.dense": (d, 4 * d),
        }
        for part, shape in shapes.items():
            made[f"{name}.{part}.weight"], made[f"{name}.{part}.bias"] = draw(*shape), draw(shape[0])
        norms += [f"{name}.attention.output.LayerNorm", f"{name}.output.LayerNorm"]
    for name in norms:
        made[f"{name}.weight"], made[f"{name}.bias"] = draw(d, centre=1), draw(d)
    return made


def _ids_and_weights(rng: np.random.Generator) -> list[tuple]:
    import torch

    shapes = [(1, 1, 2), (1, 2, 2), (1, 2, 4), (2, 1, 2), (1, 3, 4), (2, 2, 4), (2, 3, 4), (3, 2, 6)]
    shapes += [(2, 4, 6), (3, 5, 8)]
    return [(torch.tensor(rng.integers(0, 5, (n, t))), tiny_weights(rng, d, 0)) for n, t, d in shapes]


def _batches(rng: np.random.Generator, layers: int) -> list[tuple]:
    """List (ids, mask, weights) with padding on the right of the shorter texts."""
    import torch

    shapes = [(1, 1, 2), (1, 2, 2), (1, 2, 4), (1, 3, 4), (2, 2, 4), (2, 3, 4), (2, 3, 6), (3, 4, 8)]
    shapes += [(2, 5, 8), (3, 3, 4)]
    cases = []
    for n, t, d in shapes:
        lengths = rng.integers(1, t + 1, n)
        lengths[0] = t
        mask = torch.tensor((np.arange(t) < lengths[:, None]).astype(np.int64))
        cases.append((torch.tensor(rng.integers(0, 5, (n, t))), mask, tiny_weights(rng, d, layers)))
    return cases


def _layers(rng: np.random.Generator) -> list[tuple]:
    """List (x, mask, weights, i, heads): each of two layers."""
    import torch

    cases = []
    for j, (ids, mask, weights) in enumerate(_batches(rng, 2)):
        d = weights["embeddings.word_embeddings.weight"].shape[1]
        x = torch.tensor(rng.integers(-3, 4, (*ids.shape, d)), dtype=torch.float32)
        cases.append((x, mask, weights, j % 2, 2))
    return cases


def _wholes(rng: np.random.Generator) -> list[tuple]:
    """List (ids, mask, weights, layers, heads)."""
    return [(*batch, 1 + j % 2, 2) for j, batch in enumerate(_batches(rng, 2))]


def _embedded(ids, weights, *, positions=True, kinds=True, norm=True, places=None):
    from embedlab.encoder import layer_norm

    x = weights["embeddings.word_embeddings.weight"][ids]
    if positions:
        table = weights["embeddings.position_embeddings.weight"]
        x = x + (table[: ids.shape[1]] if places is None else table[places(ids)])
    if kinds:
        x = x + weights["embeddings.token_type_embeddings.weight"][0]
    name = "embeddings.LayerNorm"
    return layer_norm(x, weights[f"{name}.weight"], weights[f"{name}.bias"]) if norm else x


def _layered(x, mask, weights, i, heads, *, residual=True, pre=False, turned=False, bend=None, masked=True):
    from embedlab.encoder import attention, gelu, layer_norm, merge_heads, split_heads

    def linear(x, part):
        name = f"encoder.layer.{i}.{part}"
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, part):
        name = f"encoder.layer.{i}.{part}.LayerNorm"
        return layer_norm(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def attend(x):
        q, k, v = (split_heads(linear(x, f"attention.self.{p}"), heads) for p in ("query", "key", "value"))
        context = attention(q, k, v, mask if masked else mask * 0 + 1)[0]
        merged = context.reshape(x.shape) if turned else merge_heads(context)
        return linear(merged, "attention.output.dense")

    def feed(x):
        return linear((bend or gelu)(linear(x, "intermediate.dense")), "output.dense")

    if pre:
        x = x + attend(norm(x, "attention.output"))
        return x + feed(norm(x, "output"))
    x = norm(x * residual + attend(x), "attention.output")
    return norm(x * residual + feed(x), "output")


def _run(ids, mask, weights, layers, heads, *, start=None, which=None, masked=True):
    x = (start or _embedded)(ids, weights)
    for i in range(layers) if which is None else which(layers):
        x = _layered(x, mask if masked else mask * 0 + 1, weights, i, heads)
    return x


EXERCISES = (
    Exercise(
        name="embed",
        chapter="02_encoder",
        task="What enters the first layer: ids int64 (n, t) and weights, a dict with Hugging Face's names, "
        "give float32 (n, t, d): word row + position row + row 0 of the token types, then layer norm.",
        reference="embedlab.encoder:embed",
        cases=_ids_and_weights,
        hints=(
            "Three tables: embeddings.word_embeddings.weight, position_embeddings, token_type_embeddings.",
            "words[ids] is (n, t, d); positions[:t] is (t, d) and fits to it by broadcasting.",
            "At the end your layer_norm with embeddings.LayerNorm.weight and .bias.",
        ),
        mistakes=(
            Mistake(
                "positions left out",
                "Without them the encoder cannot tell any order: add positions[:t].",
                lambda ids, weights: _embedded(ids, weights, positions=False),
            ),
            Mistake(
                "segments left out",
                "BERT adds row 0 of the token types to every token of a single text.",
                lambda ids, weights: _embedded(ids, weights, kinds=False),
            ),
            Mistake(
                "not normed",
                "The sum goes through layer norm before the first layer.",
                lambda ids, weights: _embedded(ids, weights, norm=False),
            ),
            Mistake(
                "positions looked up by id",
                "A position is where a token stands, 0 to t - 1, not which token it is.",
                lambda ids, weights: _embedded(ids, weights, places=lambda ids: ids),
            ),
        ),
        follow_up="The table has 512 rows. What would you have to do to let the model read 1,000 tokens?",
    ),
    Exercise(
        name="layer",
        chapter="02_encoder",
        task="Run layer i: x float32 (n, t, d), mask int64 (n, t), weights named encoder.layer.{i}..., "
        "i and heads give float32 (n, t, d): attention, add, norm, feed-forward with GELU, add, norm.",
        reference="embedlab.encoder:layer",
        cases=_layers,
        hints=(
            "q, k, v: x @ W.T + b with encoder.layer.{i}.attention.self.query (.key, .value), then split.",
            "Merged context through attention.output.dense, plus x, then attention.output.LayerNorm.",
            "Then intermediate.dense, gelu, output.dense, plus what came in, then output.LayerNorm.",
        ),
        mistakes=(
            Mistake(
                "no residual connections",
                "What came in is added to what each part makes of it, before the norm.",
                lambda *a: _layered(*a, residual=False),
            ),
            Mistake(
                "pre-LN",
                "That norms before each part, as GPT-2 does. BERT norms after the addition (post-LN).",
                lambda *a: _layered(*a, pre=True),
            ),
            Mistake(
                "heads merged without transpose",
                "Context is (n, h, t, size): swap heads and tokens back before the reshape.",
                lambda *a: _layered(*a, turned=True),
            ),
            Mistake(
                "ReLU instead of GELU",
                "BERT bends with GELU: x times the chance that a standard normal lies below x.",
                lambda *a: _layered(*a, bend=lambda x: x.relu()),
            ),
            Mistake(
                "mask not handed on",
                "Tokens take from padding: give the mask to attention.",
                lambda *a: _layered(*a, masked=False),
            ),
        ),
        follow_up="Which of these lines mix tokens? What follows for a layer that runs on eight devices?",
    ),
    Exercise(
        name="forward",
        chapter="02_encoder",
        task="The whole encoder: ids and mask int64 (n, t), weights, the number of layers and of heads give "
        "the last layer's token vectors, float32 (n, t, d).",
        reference="embedlab.encoder:forward",
        cases=_wholes,
        hints=(
            "Your embed first, then your layer, again and again.",
            "Each layer gets what the one before put out, and the same mask.",
            "for i in range(layers): x = layer(x, mask, weights, i, heads)",
        ),
        mistakes=(
            Mistake(
                "one layer short",
                "range(layers) counts 0 to layers - 1: run all of them.",
                lambda *a: _run(*a, which=lambda layers: range(layers - 1)),
            ),
            Mistake(
                "the first layer every time",
                "Each layer has weights of its own: hand on i.",
                lambda *a: _run(*a, which=lambda layers: [0] * layers),
            ),
            Mistake(
                "started without positions",
                "The tokens enter as word + position + token type, normed.",
                lambda *a: _run(*a, start=lambda ids, weights: _embedded(ids, weights, positions=False)),
            ),
            Mistake(
                "mask not handed on",
                "Tokens take from padding: give each layer the mask.",
                lambda *a: _run(*a, masked=False),
            ),
        ),
        follow_up="You need the vector of [CLS] alone. Which work of the last layer could you leave out?",
    ),
)
