"""Measuring a graph: `measure` after every step, the whole table in panel.py, the table over a run in history.py.

projection.py makes the igraph graph that the others measure, and keeps the one that policies go by. paths.py,
centralities.py, power_law.py, communities.py and critical.py each have one family of metrics; evolution.py follows
hubs, bridges and distances over a run, nulls.py asks what is more than chance, agreement.py and comparison.py set runs
side by side, layout.py draws.
"""

from graphgrow.measure.metrics import measure

__all__ = ["measure"]
