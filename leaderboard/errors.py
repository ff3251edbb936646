"""The errors a user can cause; each message is one line that names what is wrong and where."""

__all__ = ["LeaderboardError"]


class LeaderboardError(ValueError):
    """A board, release or submission that doesn't exist or breaks a rule."""
