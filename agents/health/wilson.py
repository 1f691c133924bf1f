"""Wilson: what is known of a share, by his score interval. Pure."""

import math

Z_95 = 1.96


def wilson(part: int, whole: int, z: float = Z_95) -> tuple[float, float]:
    """Bounds of the true share, of which `part` of `whole` were seen; 0 and 1 where nothing was."""
    if not whole:
        return 0.0, 1.0
    share = part / whole
    middle = share + z * z / (2 * whole)
    width = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    each = 1 + z * z / whole
    return max((middle - width) / each, 0.0), min((middle + width) / each, 1.0)
