"""Dataset cards, one Markdown file per collection."""
