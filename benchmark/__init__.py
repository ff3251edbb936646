"""Collections, tasks and scores of ScalingBench."""
