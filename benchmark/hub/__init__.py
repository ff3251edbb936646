"""The Hub data set: a folder of all redistributable collections: build, check, push and pull it."""

from scalingbench.benchmark.hub.build import CARD, CHECKSUMS, CROISSANT, build
from scalingbench.benchmark.hub.client import list_changes, pull, push
from scalingbench.benchmark.hub.validate import validate_folder

__all__ = ["CARD", "CHECKSUMS", "CROISSANT", "build", "list_changes", "pull", "push", "validate_folder"]
