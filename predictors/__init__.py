"""Law forms and generic predictors of ScalingBench: scikit-learn estimators over one fitting engine.

Import from the modules (``scalingbench.predictors.compute``, ``scalingbench.predictors.power_laws``, ...), or make one by name
with `scalingbench.predictors.registry.make`.

Models of scikit-learn, ``scipy.stats`` and ``scipy.signal``, and the optional gplearn are imported inside the functions that use
them, because importing them takes longer than most fits. Nothing else is imported inside a function.
"""
