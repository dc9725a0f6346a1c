"""What a model's folder says about its tokenizer; what cannot be followed is refused, not passed over."""

from pathlib import Path

from embedlab.machine import ModelError, read_json

SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
FIXED = {"padding_side": "right", "truncation_side": "right", "split_special_tokens": False}
FLAGS = ("lstrip", "rstrip", "single_word", "normalized")  # of a token that is found before anything else


def read_tokenizer(folder: Path) -> tuple[dict[str, int], dict[str, bool | None]]:
    """Return a folder's vocabulary and how its text is normalised, as Hugging Face's tokenizer reads them.

    The vocabulary lies in ``tokenizer.json`` where there is one, else in ``vocab.txt``; the rules lie in
    ``tokenizer_config.json`` if it names BERT's class, in ``tokenizer.json`` if it names a class without any.

    Returns
    -------
    vocabulary : dict of token to id
    rules : dict
        The keyword arguments ``lower``, ``strip_accents`` and ``chinese`` of `normalise`.

    Raises
    ------
    ModelError
        If there is no vocabulary, or the tokenizer is another than BERT's.

    Examples
    --------
    >>> from embedlab.machine import model_folder
    >>> vocabulary, rules = read_tokenizer(model_folder())
    >>> len(vocabulary), rules
    (30522, {'lower': True, 'strip_accents': None, 'chinese': True})
    """
    config = read_json(folder / "tokenizer_config.json", default={})
    whole = read_json(folder / "tokenizer.json", default={})
    kind = str(config.get("tokenizer_class") or "BertTokenizer").removesuffix("Fast")
    generic = kind in ("PreTrainedTokenizer", "TokenizersBackend")
    if not generic and kind != "BertTokenizer":
        raise ModelError(f"{folder}: tokenizer_class is {kind!r}, but only BertTokenizer can be run")
    _refuse_other_rules(folder, config, whole)
    if generic:
        return _vocabulary(folder, whole), _rules_of(folder, whole)
    names = {"lower": "do_lower_case", "strip_accents": "strip_accents", "chinese": "tokenize_chinese_chars"}
    defaults = {"lower": True, "strip_accents": None, "chinese": True}
    return _vocabulary(folder, whole), {key: config.get(name, defaults[key]) for key, name in names.items()}


def _vocabulary(folder: Path, whole: dict) -> dict[str, int]:
    if whole:
        model = whole.get("model") or {}
        if model.get("type", "WordPiece") != "WordPiece" or not isinstance(model.get("vocab"), dict):
            kind = model.get("type", "nothing")
            raise ModelError(f"{folder / 'tokenizer.json'} holds {kind}, but only WordPiece can be run")
        return model["vocab"]
    try:
        lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: vocab.txt cannot be read: {error}") from error
    return {line.rstrip(): i for i, line in enumerate(lines[:-1] if lines[-1] == "" else lines)}


def _rules_of(folder: Path, whole: dict) -> dict[str, bool | None]:
    """Read the rules from ``tokenizer.json``; they have to be those of a BERT in every other respect."""
    file = folder / "tokenizer.json"
    normalizer, post = whole.get("normalizer") or {}, whole.get("post_processor") or {}
    model = {"unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    single = [next(iter(part.values())) for part in post.get("single", [])]
    template = [(part.get("id"), part.get("type_id")) for part in single]
    for name, is_berts in {
        "normalizer": normalizer.get("type") == "BertNormalizer" and normalizer.get("clean_text", True),
        "pre_tokenizer": (whole.get("pre_tokenizer") or {}).get("type") == "BertPreTokenizer",
        "post_processor": post.get("type") == "BertProcessing"
        or template == [("[CLS]", 0), ("A", 0), ("[SEP]", 0)],
        "model": all(whole.get("model", {}).get(key, value) == value for key, value in model.items()),
    }.items():
        if not is_berts:
            raise ModelError(f"{file}: its {name} is not BERT's, and only BERT's can be run")
    names = {"lower": "lowercase", "strip_accents": "strip_accents", "chinese": "handle_chinese_chars"}
    return {key: normalizer.get(name) for key, name in names.items()}


def _refuse_other_rules(folder: Path, config: dict, whole: dict) -> None:
    """Raise ModelError for tokens and rules that this tokenizer does not know."""
    for key, value in FIXED.items():
        if config.get(key, value) != value:
            raise ModelError(f"{folder}: {key} is {config[key]!r}, but only {value!r} can be run")
    for key in ("padding", "truncation"):
        side = (whole.get(key) or {}).get("direction", "Right")
        if f"{key}_side" not in config and side != "Right":
            raise ModelError(f"{folder}: {key} is on the {side.lower()}, but only the right can be run")
    for source in (read_json(folder / "special_tokens_map.json", default={}), config):
        for key, token in SPECIAL.items():
            _refuse_other_token(folder, source.get(key) or token, [token])
        for key in ("additional_special_tokens", "extra_special_tokens", "added_tokens_decoder"):
            more = source.get(key) or []
            for token in more.values() if isinstance(more, dict) else more:
                _refuse_other_token(folder, token, list(SPECIAL.values()))
    for token in [*(whole.get("added_tokens") or []), *read_json(folder / "added_tokens.json", default={})]:
        _refuse_other_token(folder, token, list(SPECIAL.values()))


def _refuse_other_token(folder: Path, token: object, known: list[str]) -> None:
    text = token.get("content") if isinstance(token, dict) else token
    if text not in known:
        raise ModelError(f"{folder}: the special token {text!r} cannot be run, only {', '.join(known)}")
    if isinstance(token, dict) and any(token.get(flag) for flag in FLAGS):
        raise ModelError(f"{folder}: the special token {text!r} has flags that cannot be run: {token}")
