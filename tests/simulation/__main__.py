"""Replay a seed: `python -m tests.simulation SEED --trace`; or simulate until stopped: `python -m tests.simulation`."""

import sys

from tests.simulation.command import main

sys.exit(main())
