"""Scores: recorded predictions against held-out values, by the rules of this project and of other benchmarks."""
