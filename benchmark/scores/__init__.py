"""Scores: recorded predictions against held-out values, by this project's rules and by those of others."""
