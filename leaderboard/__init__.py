"""Boards of ScalingBench: `results.Results` reads the `store`, `ranking.rank` makes a `board` of its scores, `site` shows it."""
