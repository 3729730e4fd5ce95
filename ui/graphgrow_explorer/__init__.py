"""The explorer: a page in which a graph is watched while it grows, read, and steered."""
