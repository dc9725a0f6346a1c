"""What the notebooks use around the engine: source on the page, the tour, the doctor."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "doctor": ["checks"],
        "evidence": ["forest", "show_scoreboard"],
        "measuring": ["Remembering", "quality"],
        "notebook": ["Source", "show", "source", "use_style"],
        "tour": ["draw", "trace"],
        "vector_pictures": ["draw_lookup", "draw_matryoshka"],
    },
)
