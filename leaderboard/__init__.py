"""Boards of ScalingBench: `results.Results` reads scores from the `store`, `ranking.rank` makes a `board` of them, `site` shows it."""
