"""From a table of small runs to a decision: what a large run will give, how to split a budget, which runs to make next."""
