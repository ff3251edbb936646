"""Forecasts registered before their outcome: `records` defines the files, `book` the hash chain, `scores` the scores."""
