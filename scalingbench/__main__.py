"""``python -m scalingbench``."""

from scalingbench.cli import main

main()
