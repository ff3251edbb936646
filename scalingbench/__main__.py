"""``python -m scalingbench``."""

from scalingbench.cli.main import main

main()
