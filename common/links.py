"""Where the project is published: the one place that holds its organisation and name. ``python -m perf.regenerate links`` writes pages."""

__all__ = ["DATASET", "DATASET_URL", "NAME", "ORGANISATION", "REPOSITORY_URL", "SITE_URL"]

ORGANISATION, NAME = "scalingbench", "scalingbench"
REPOSITORY_URL = f"https://github.com/{ORGANISATION}/{NAME}"
SITE_URL = f"https://{ORGANISATION}.github.io/{NAME}"
DATASET = f"{ORGANISATION}/{NAME}"
"""The data set on the Hugging Face Hub."""
DATASET_URL = f"https://huggingface.co/datasets/{DATASET}"
