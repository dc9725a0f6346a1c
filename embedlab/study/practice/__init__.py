"""Practice: asking and scoring, sessions, the history of answers, when to ask again."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "history": ["History", "Record"],
        "design_rounds": [
            "begun",
            "design_remarks",
            "design_standing",
            "keep",
            "reading_of",
            "remarks_on",
            "round_file",
        ],
        "progress": [
            "LEVELS",
            "Summary",
            "Topic",
            "draw",
            "mastery",
            "remarks",
            "standing",
            "streak_text",
            "summary",
            "write_csv",
        ],
        "schedule": ["forecast"],
        "interview": ["is_follow_up"],
        "quizzes": ["varied"],
        "session": ["Session"],
    },
)
