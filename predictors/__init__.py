"""Law forms and generic predictors of ScalingBench: scikit-learn estimators over one fitting engine.

Import from the modules (``predictors.compute``, ``predictors.power_laws``, ...), or make one by name
with `predictors.registry.make`.
"""
