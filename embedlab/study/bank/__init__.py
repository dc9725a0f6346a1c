"""The questions: what they are, their formulas, and how they are written out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "anki": ["write_deck"],
        "asking": ["PASS", "Answer", "Asked", "ask", "key_text", "parse", "score", "verdict"],
        "formulas": ["FORMULAS"],
        "markup": ["asked_html", "inline", "paragraph", "spans", "static"],
        "questions": [
            "AnyQuestion",
            "Choice",
            "Flashcard",
            "Numeric",
            "Ordering",
            "Parametric",
            "bank",
            "find_topic",
            "link_to",
            "load",
            "place_of",
            "questions_on",
            "readable",
            "title_of",
            "topic_of",
            "topics",
        ],
    },
)
