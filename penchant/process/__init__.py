"""What every process of ours needs: logs, signals, the collector.

Nothing here knows what the process does.
"""
