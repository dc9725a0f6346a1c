"""The same weights in the library that professionals use: what our Llama is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedlab.rag.generator import SmallModel

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

PARTS = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def as_transformers(small: SmallModel) -> LlamaForCausalLM:
    """Return transformers' Llama with the weights of a small model.

    It rotates component i together with component i + 32 of a head, GGUF's order 2i with 2i + 1; so the rows
    of the query and key matrices are put in the other order.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    model, w = small.model, small.model.weights
    words, d = w["token_embd.weight"].shape
    config = LlamaConfig(
        vocab_size=words,
        hidden_size=d,
        intermediate_size=len(w["blk.0.ffn_gate.weight"]),
        num_hidden_layers=model.layers,
        num_attention_heads=model.heads,
        num_key_value_heads=model.kv_heads,
        max_position_embeddings=small.positions,
        rms_norm_eps=model.eps,
        rope_parameters={"rope_type": "default", "rope_theta": model.base},
        tie_word_embeddings=True,
    )
    theirs = {
        "model.embed_tokens.weight": w["token_embd.weight"],
        "model.norm.weight": w["output_norm.weight"],
    }
    half = d // model.heads // 2
    for name, weight in w.items():
        if name.startswith("blk."):
            _, layer, part, _ = name.split(".")
            if part in ("attn_q", "attn_k"):
                weight = weight.unflatten(0, (-1, half, 2)).transpose(1, 2).flatten(0, 2)
            theirs[f"model.layers.{layer}.{PARTS[part]}.weight"] = weight
    peer = LlamaForCausalLM(config).eval()
    missing = peer.load_state_dict(theirs, strict=False).missing_keys
    if missing != ["lm_head.weight"]:  # the same matrix as the embeddings
        raise ValueError(f"transformers' Llama has weights that the file has not: {missing}")
    peer.tie_weights()
    return peer
