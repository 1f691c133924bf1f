"""Address: URLs that may hold a password, checked so that no part of one passes for a host, and shown without it."""

from urllib.parse import SplitResult, urlsplit

HIDDEN = "(hidden)"

ENCODE = (
    "it cannot be read: in a user name or password write % as %25, / as %2F, ? as %3F, # as %23, @ as %40, "
    "[ as %5B and ] as %5D"
)


def checked(url: str) -> str:
    """The URL, or host:port, as it is; ValueError, which shows nothing of it, when it may be meant in another way."""
    if _parts(url) is None:
        raise ValueError(ENCODE)
    return url


def shown(text: str) -> str:
    """The same without user, password, query and fragment. Of what cannot be read nothing is shown."""
    if "://" not in text and "@" not in text:
        return text
    parts = _parts(text)
    if parts is None or not parts.scheme:
        return HIDDEN
    _, login, place = parts.netloc.rpartition("@")
    query = f"?{HIDDEN}" if parts.query else ""
    return f"{parts.scheme}://{HIDDEN if login else ''}{login}{place}{parts.path}{query}"


def _parts(url: str) -> SplitResult | None:
    """What the URL consists of; None where a character of a password may have ended one of its parts."""
    rest = url.partition("://")[2] or url
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        _ = parts.port  # what is no port may be half a password
    except ValueError:  # its text may hold what was not to be shown
        return None
    return None if "#" in rest or "@" in parts.path + parts.query or parts.netloc.count("@") > 1 else parts
