"""One partition's log once more, beside what is live or over it.

Where a replay begins and what it reports is decided in `penchant.operations`.
"""
