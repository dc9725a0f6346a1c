"""What the notebooks use around the engine: source on the page, the tour, the doctor."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "attention_maps": ["draw_heads"],
        "cascades": ["Cascade", "draw_places", "draw_waterfall", "places_of"],
        "chunking_figures": ["draw_by_kind", "draw_curves", "draw_cuts", "draw_spent"],
        "colbert_figures": ["draw_frontier", "draw_funnel", "draw_maxsim", "draw_meetings", "draw_recall"],
        "doctor": ["checks"],
        "encoder_figures": [
            "draw_attention",
            "draw_encoder",
            "draw_masks",
            "draw_norms",
            "draw_positions",
        ],
        "evidence": ["forest", "show_scoreboard"],
        "maps": ["draw_map", "draw_measures", "plane", "winners"],
        "measuring": ["ms_beside_dense", "quality"],
        "notebook": ["Source", "show", "source", "use_style"],
        "rag_curves": ["draw_depth", "draw_gold_places", "draw_risk"],
        "rag_figures": ["draw_agreement", "draw_doctor", "draw_loop"],
        "tokenizer_figures": ["draw_longest_match", "draw_merge_tree", "draw_pieces"],
        "tour": ["draw", "trace"],
        "vector_pictures": ["draw_lookup", "draw_matryoshka"],
    },
)
