"""Tasks: which rows of a collection are trained on and which are held out; suites are versioned lists of them."""
