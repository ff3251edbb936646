"""Rankings of ScalingBench: `ranking.rank` makes a board from scores, `report.render` prints it."""
