"""Addresses of the project: the only place that holds its organisation and repository name."""

__all__ = ["REPOSITORY", "SITE"]

REPOSITORY = "https://github.com/scalingbench/scalingbench"
SITE = "https://scalingbench.github.io/scalingbench"
