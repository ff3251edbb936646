"""Generic predictors: regressors that know nothing of scaling, which a law has to beat, and forms for any variables."""
