"""Law forms and generic predictors of ScalingBench: scikit-learn estimators over one fitting engine.

Make one by name with `scalingbench.make`, or import its class from its room. Rooms in the order in which they import one another,
none from a later one:

1. ``contract``, ``candidacy``, ``columns``, ``axes``, ``parameters``, ``rounding``: what a predictor declares, and what is read of a table
2. ``fitting``: the engine, from parameters and a formula to constants and their intervals
3. ``allocation``, ``estimator``, ``law``: the base classes
4. ``laws``: formulas, one file a family
5. ``generic``: regressors that a law has to beat, and forms for any variables, some around a law
6. ``catalogue``, ``registry``: one line for each entry, imported when it is made; ``published``: laws with a paper's constants
7. ``autolaw``: back-tests and weighted means of the candidates in the registry

Models of scikit-learn, ``scipy.stats`` and ``scipy.signal``, and the optional gplearn are imported inside the functions that use
them, because importing them takes longer than most fits. Nothing else is imported inside a function.
"""
