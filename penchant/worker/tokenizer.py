"""The model's own tokenizer, to count a prompt's tokens as the model will."""

from pathlib import Path

from prompts.tokens import Count, by_word, estimate
from streams.errors import PlatformLacks, SettingInvalid


def tokenizer(path: Path | None) -> Count:
    """Counts with the tokenizer of a `tokenizer.json`, as published beside a model's weights; without one, by estimate.

    It reads the file: ask from a thread. SettingInvalid when it is none, PlatformLacks without the library.
    """
    if path is None:
        return estimate
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 (an optional extra)
    except ImportError as exc:
        message = "prompt.tokenizer needs the tokenizers library, which is not installed"
        raise PlatformLacks(message, "pip install 'penchant[tokens]', or leave prompt.tokenizer out") from exc
    try:
        model = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as exc:  # the library raises no narrower class
        message = f"{path} is no tokenizer: {type(exc).__name__}: {str(exc)[:200]}"
        raise SettingInvalid(message, "name the tokenizer.json that is published with the model") from exc
    return by_word(lambda text: len(model.encode(text, add_special_tokens=False).ids))
