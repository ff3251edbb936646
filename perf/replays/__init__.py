"""Replays by publication date: what the rows known when a paper appeared say of the larger runs that it reported.

    python -m perf.replays [FAMILY ...]

`releases` asks for the largest runs of a family of models from families published before; `records` for a record at a later
day. Both give `Replay`, which `perf.replays.replay` makes into forecasts and outcomes.
"""
