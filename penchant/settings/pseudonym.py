"""Pseudonym: the name of a shopper wherever something outlives them: a hash that nobody can undo without the key."""

from hashlib import blake2b

from penchant.settings.root import Settings


def pseudonym(settings: Settings, shopper: str) -> str:
    """16 hexadecimal digits, keyed as model.session_key says or by the namespace."""
    secret = settings.model.session_key
    text = secret.get_secret_value() if secret else f"namespace {settings.redis.namespace}"
    return blake2b(
        shopper.encode(errors="surrogatepass"), key=blake2b(text.encode()).digest(), digest_size=8
    ).hexdigest()
