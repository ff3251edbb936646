"""Collections, tasks, evaluation and scores, in the order in which data flows: data, tasks, evaluation, scores; hub publishes them."""
