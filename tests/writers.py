"""Writers for tests: a tiny Llama with random weights in a folder, and answers of a chat service."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from embeddings import Answer, ok


def tiny(folder: Path, seed: int = 0) -> Path:
    """Write a causal model of a few thousand numbers, whose tokens are letters and a few words."""
    letters = [chr(code) for code in range(33, 127)]
    alphabet = ["<end>", "Ġ", "Ċ", *letters]
    tokens = {token: place for place, token in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocab=tokens, merges=[], unk_token="<end>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast_tokenizer: Any = PreTrainedTokenizerFast  # its making carries no types
    fast = fast_tokenizer(tokenizer_object=tokenizer, eos_token="<end>", model_max_length=2048)
    fast.save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=2048,
        eos_token_id=0,
        bos_token_id=0,
        initializer_range=0.5,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def says(content: object, usage: int | None = None) -> Answer:
    """What a chat service replies: words as they are, anything else as JSON."""
    said = content if isinstance(content, str) else json.dumps(content)
    reply: dict[str, Any] = {"choices": [{"message": {"role": "assistant", "content": said}}]}
    return ok(reply | ({"usage": {"total_tokens": usage}} if usage is not None else {}))
