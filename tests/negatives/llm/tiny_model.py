"""A tiny random model whose tokens are whole words, in a folder as libraries expect it."""

from collections.abc import Sequence
from pathlib import Path

_CHAT = "{% for m in messages %}<s>{{ m['role'] }} {{ m['content'] }}</s>{% endfor %}<s>assistant"


def write_model(folder: Path, words: Sequence[str], *, context: int) -> None:
    """Write a model of `words` that reads at most `context` of them."""
    import torch  # noqa: PLC0415 - an extra
    import transformers  # noqa: PLC0415 - an extra
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers  # noqa: PLC0415 - an extra

    marks = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    tokens = ["<unk>", "<s>", "</s>", *(f"\u2581{word}" for word in words)]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordLevel(vocab=vocabulary, unk_token="<unk>"))  # noqa: S106 - no secret
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **marks)
    wrapped.chat_template = _CHAT
    torch.manual_seed(3)
    config = transformers.LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        initializer_range=0.5,
        bos_token_id=1,
        eos_token_id=2,
    )
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    wrapped.save_pretrained(folder)
