"""Law forms and generic predictors of ScalingBench: scikit-learn estimators over one fitting engine.

Make one by name with `scalingbench.make`, or import its class from its module. Modules in import order; none imports from a
later one:

1. ``contract``, ``candidacy``, ``columns``, ``axes``, ``parameters``, ``meanings``: what a predictor declares, and which columns it reads
2. ``fitting``: the engine: from parameters and a formula to fitted constants and their intervals
3. ``allocation``, ``estimator``, ``law``: the base classes
4. ``laws``: formulas, one file a family
5. ``generic``: regressors that serve as baselines, and law forms for any variables
6. ``catalogue``, ``registry``: one line for each entry, imported when it is made; ``published``: laws with a paper's constants
7. ``autolaw``: back-tests and weighted means of the candidates in the registry

Models of scikit-learn and ``scipy.signal``, and the optional gplearn are imported inside the functions that use
them, because importing them takes longer than most fits. Nothing else is imported inside a function.
"""
