"""The static site: pages, charts and the data they read, without any request to other hosts at view time."""

from scalingbench.leaderboard.site.content import Chart, CollectionPage, PredictorPage, SiteContent, TaskPage
from scalingbench.leaderboard.site.writer import write_site

__all__ = ["Chart", "CollectionPage", "PredictorPage", "SiteContent", "TaskPage", "write_site"]
