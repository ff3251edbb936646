"""The Hub data set: a folder that holds every redistributable collection, built, checked, pushed and pulled."""

from benchmark.hub.build import CARD, CHECKSUMS, CROISSANT, build
from benchmark.hub.client import list_changes, pull, push
from benchmark.hub.validate import validate_folder

__all__ = ["CARD", "CHECKSUMS", "CROISSANT", "build", "list_changes", "pull", "push", "validate_folder"]
