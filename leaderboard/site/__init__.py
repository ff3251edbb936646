"""The static site: pages, charts and the data they read, without any request to other hosts at view time."""
