"""What questions on the tokenizer claim beyond the notebook's measurements, with the tokenizers library."""

import math

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


def test_special_tokens_in_text_are_special_by_default():
    entries = ["[UNK]", "[CLS]", "[SEP]", "[", "]", "SEP", "soap"]
    model = models.WordPiece({entry: i for i, entry in enumerate(entries)}, unk_token="[UNK]")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[SEP]"])
    assert tokenizer.encode("soap [SEP]").tokens == ["soap", "[SEP]"]
    tokenizer.encode_special_tokens = True
    assert tokenizer.encode("soap [SEP]").tokens == ["soap", "[", "SEP", "]"]


def test_unigram_takes_the_most_probable_cut():
    chances = {"u": 0.02, "n": 0.02, "i": 0.02, "t": 0.02, "un": 0.1, "it": 0.1, "unit": 0.004, "uni": 0.05}
    tokenizer = Tokenizer(models.Unigram([(piece, math.log(p)) for piece, p in chances.items()]))
    assert tokenizer.encode("unit").tokens == ["un", "it"]  # 0.01, before `unit` and `uni t`
    assert chances["un"] * chances["it"] > chances["unit"] > chances["uni"] * chances["t"]


def trained(pre_tokenizer):
    lines = [
        f"the {animal} and the {other}{end}"
        for animal in ("dog", "cat")
        for other in ("dog", "cat")
        for end in ".!?"
    ]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=320, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(lines * 20, trainer)
    return {tokenizer.decode([i]) for i in range(tokenizer.get_vocab_size())}


def test_without_a_pattern_merges_cross_words():
    def crosses(piece):
        return " " in piece.strip() or (piece.strip()[-1:] in tuple(".!?") and len(piece.strip()) > 1)

    assert any(map(crosses, trained(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))))
    assert not any(map(crosses, trained(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True))))
