"""From a table of small runs to what a large run will give."""
