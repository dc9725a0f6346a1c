"""Embedding what is stored, and what changes, exactly once in effect: queues, workers, change capture."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "filling": ["Limits", "backfill", "next_page", "put_page"],
        "broker": ["Delivery", "dead_letters", "deliver", "publish", "window"],
        "changes": ["CAPTURE", "OUTBOX", "capture", "capture_for_a_broker", "decoded", "relay"],
        "kill_test": ["Outcome", "as_json", "chaos"],
        "checking": ["Check", "check"],
        "corpus": ["short_texts"],
        "workers": ["Fleet", "drain", "fleet", "wait_until"],
        "fresh": ["CONDITIONS", "Freshness", "freshness", "share_within"],
        "loading": ["load"],
        "naive": ["WAYS", "Race", "race"],
        "nats": ["awaited", "missing", "nats_server"],
        "queue": [
            "CLAIM_LEASED",
            "CLAIM_LOCKED",
            "COMPLETE",
            "Job",
            "backoff",
            "beat",
            "bury",
            "claim",
            "complete",
            "fail",
            "requeue",
        ],
        "throughput": ["REAL", "SETUPS", "Setup", "full_run", "rate", "rates", "saved"],
        "schema": ["TABLES", "connect", "create"],
        "measuring": ["MEASUREMENTS", "measure"],
        "shipping": ["shipped"],
        "users": ["Writer", "background"],
        "worker": ["Orders", "run", "step", "work"],
        "writing": ["UPSERT", "Write", "checked", "content_hash", "vector_hash", "wins", "write"],
        "encoders": ["CRASHES", "RAISES", "WordTable", "encoder", "fragile", "hashed"],
        "costs": ["Run", "band", "hours_and_dollars", "lost_to_interruptions"],
        "on_ray": ["embed_on_ray"],
        "parts": ["Part", "cut", "done_in", "embed_parts", "open_out", "vectors_in"],
    },
)
