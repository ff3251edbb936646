"""Evaluation: predictors are fitted on training rows in worker processes, and their predictions are recorded."""
