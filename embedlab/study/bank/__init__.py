"""The questions: what they are, their formulas, and how they are written out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "anki": ["write_deck"],
        "asking": ["PASS", "Answer", "Asked", "ask", "key_text", "parse", "score", "verdict"],
        "catalogue": [
            "bank",
            "find_topic",
            "link_to",
            "link_to_heading",
            "place_of",
            "questions_on",
            "topics",
        ],
        "chapters": ["CHAPTERS", "notebook_of", "number_of", "title_of"],
        "formulas": ["FORMULAS"],
        "markup": ["asked_html", "inline", "paragraph", "spans", "static"],
        "names": ["first_id", "present_id", "topic_of"],
        "questions": [
            "AnyQuestion",
            "Choice",
            "Flashcard",
            "Numeric",
            "Ordering",
            "Parametric",
            "load",
            "readable",
        ],
    },
)
