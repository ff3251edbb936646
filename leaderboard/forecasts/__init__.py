"""Forecasts that are registered before their outcome: records in a hash chain, outcomes beside it, scores of both.

`records` states what a file holds, `book` keeps the chain, `making` lets predictors forecast from a table, `scores` sets
forecasters side by side, `replay` asks what predictors would have said from the rows known at a date.
"""
