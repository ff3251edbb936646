"""Readers of the files of experiment trackers, each a table with one row a run; `files` lists them."""
