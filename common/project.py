"""Addresses of the project: the only place that holds its organisation and name; ``python -m perf.regenerate links`` writes pages."""

__all__ = ["DATASET", "DATASET_URL", "NAME", "ORGANISATION", "REPOSITORY", "SITE"]

ORGANISATION, NAME = "scalingbench", "scalingbench"
REPOSITORY = f"https://github.com/{ORGANISATION}/{NAME}"
SITE = f"https://{ORGANISATION}.github.io/{NAME}"
DATASET = f"{ORGANISATION}/{NAME}"
"""The data set on the Hugging Face Hub."""
DATASET_URL = f"https://huggingface.co/datasets/{DATASET}"
