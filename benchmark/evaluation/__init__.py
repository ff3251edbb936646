"""Evaluation: predictors are fitted on training rows in worker processes, and what they predict is recorded."""
