"""What depends on this computer: its CPU, its disk, compiled code, the files of a model.

The ground floor: every other room may stand on it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cache": ["cache_dir", "cache_file", "cached", "code_of", "content_key", "write_atomically"],
        "cluster": ["ray_cluster"],
        "cpu": ["Linear", "a_core_each", "has_bfloat16"],
        "extras": ["needs"],
        "files": ["StoreError"],
        "compiling": ["compiled", "compiling_is_announced"],
        "intrinsics": ["byte_product", "prefetch"],
        "kernel_choice": ["FAST", "KERNEL", "chosen", "cpu_features", "runnable"],
        "kernels": [
            "EXCESS",
            "LAST",
            "aligned",
            "as_query",
            "dot",
            "float_dot",
            "number_of",
            "order_key",
            "pack",
            "place_in_beam",
            "plain_code_dot",
        ],
        "name": ["machine_name"],
        "pg_folder": ["default_folder"],
        "pg_install": ["PostgresError", "postgres_programs"],
        "pg_server": ["Server", "free_port"],
        "postgresql": ["borrowed", "new_server", "postgres", "prepare", "running", "server"],
        "shipped": ["data_path", "shipped_figures", "write_figures"],
        "model": ["PACKAGED_SHA256", "ModelError", "file_sha256", "model_folder", "read_json"],
    },
)
