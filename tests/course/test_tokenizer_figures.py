"""The drawings show what the tokenizers do."""

import pytest

from embedlab.course import draw_longest_match, draw_merge_tree, draw_pieces
from embedlab.tokenizer import WordPieceTokenizer, apply_merges, learn_merges


def written(axes):
    return [text.get_text() for text in axes.texts]


def test_every_piece_and_id_is_there():
    tokenizer = WordPieceTokenizer.load()
    texts = written(draw_pieces("Naïve embeddings", tokenizer).axes[0])
    for piece in tokenizer.tokenize("Naïve embeddings"):
        assert piece in texts
        assert str(tokenizer.vocabulary[piece]) in texts


def test_the_search_is_longest_first_and_ends_where_nothing_fits():
    axes = draw_longest_match("abx", {"ab": 0, "a": 1}).axes[0]
    assert written(axes)[3:] == ["abx: no", "ab: id 0", "##x: no"]


@pytest.mark.parametrize("text", ["low", "lowest", "lololo", "é", "xyz"])
def test_the_tree_ends_in_the_tokens(text):
    merges = learn_merges({"low": 5, "lowest": 3, "lo": 4}, 262)
    texts = written(draw_merge_tree(text, merges))
    ids = apply_merges(text.encode(), merges)
    assert [int(part.split("id ")[1]) for part in texts if "id " in part] == ids
    assert sum(part.startswith("merge") for part in texts) == len(text.encode()) - len(ids)
