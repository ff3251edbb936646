"""Submissions: other people's predictors. The subfolders of this package are the submissions."""
