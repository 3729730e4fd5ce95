"""The values of graphgrow, the events of a log, and the graph that is a fold over them."""
