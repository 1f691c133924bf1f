"""`python -m penchant.cli` is `penchant`, where the script is not on the path."""

from penchant.cli.main import main

main()
