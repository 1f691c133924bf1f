"""Every setting, where it came from, and what is wrong with it: `penchant.toml`, then `PENCHANT_…` variables."""

from penchant.settings.root import Settings
from penchant.settings.sources import Loaded, load_settings

__all__ = ["Loaded", "Settings", "load_settings"]
