"""Forecasts that are registered before their outcome: `records` of the files, `book` of the hash chain, `scores`."""
