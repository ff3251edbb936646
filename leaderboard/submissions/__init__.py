"""Submissions: other people's predictors. The folders beside this module are the submissions themselves."""
