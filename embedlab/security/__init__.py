"""What an attacker reads, changes or hides in a retrieval system, and what each defence costs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checksums": ["entropy", "iban_valid", "ip_valid", "luhn_valid", "national_id_valid"],
        "disguises": ["decoded", "plain"],
        "injection": [
            "FAMILIES",
            "Injection",
            "datamarked",
            "delimited",
            "encoded",
            "injections",
            "order_score",
            "rates",
        ],
        "injection_measured": [
            "clean_documents",
            "guarded",
            "resemblance",
            "sentences",
            "shipped_injection",
            "with_intervals",
            "write_injection",
        ],
        "labelled": ["Sentence", "labelled_sentences", "unmarked"],
        "poisoning": ["Attacker", "Poison", "best_swaps", "k_occurrences"],
        "poisoning_measured": [
            "honest_posts",
            "LURE",
            "Poisoned",
            "make_poison",
            "naturalness",
            "shipped_poisoning",
            "targeted",
            "write_poisoning",
        ],
        "presidio": ["above", "analyzer", "both", "presidio_proposals"],
        "proxy": ["Outgoing", "RefusedError", "proxy_app"],
        "recognisers": ["RECOGNISERS", "recognised"],
        "redaction": ["Pseudonyms", "canonical", "masked", "replaced"],
        "redaction_measured": [
            "WAYS",
            "choose_cutoffs",
            "found_by",
            "hidings",
            "shipped_proposals",
            "shipped_redaction",
            "ticket_quality",
            "write_redaction",
        ],
        "span_scores": ["Scores", "counts", "leaked", "matched", "ratios", "score_table"],
        "spans": ["KINDS", "Span", "joined", "overlap", "resolved"],
        "tickets": ["Tickets", "make_tickets"],
    },
)
