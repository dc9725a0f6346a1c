"""System design: interview cases with numbers, rounds by the clock, napkin arithmetic in bands.

A case (``data/design/NAME.yaml``) says what the interviewer knows, asks and listens for; `Round` goes through
it step by step, and survives being interrupted. Loads no torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "building": ["Measured", "build_design", "cores_in_use", "index_for", "measure_design"],
        "choices": ["Design", "design_of", "load_design"],
        "comparing": ["dominated", "measured_for", "references", "shipped_designs"],
        "tables": ["WAY_BACK", "Row", "beside_references", "compared", "designs_as_text", "difference_from"],
        "inverted": ["InvertedIndex"],
        "origins": ["encode_seconds", "figures", "graph_seconds", "recall_at_100k", "word_seconds"],
        "scaling": ["At", "Line", "Scale", "at_scale", "scale_of"],
        "sizing": ["memory_of", "replicas_needed"],
        "estimates": ["band", "dimension", "evaluate", "in_base", "parse_quantity", "shown"],
        "schema": ["LEVELS", "PHASES"],
        "cases": ["Case", "case_names", "constants", "find_case", "load_case"],
        "steps": ["TITLES", "Block", "Step", "minutes_of", "steps_of", "way_of"],
        "rounds": ["Round", "Score"],
    },
)
