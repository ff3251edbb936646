"""Generic predictors: regressors without scaling-law structure as baselines, and law forms for any variables."""
