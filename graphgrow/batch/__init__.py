"""Runs while you sleep: jobs from a file, when they are due, within limits, on this machine or on many.

A job is a graph and what to ask about it; a run is one time that it is due, known as `JOB@DUE`. Every event of a run
carries that name, so what a run, a day or a week has used is read from the log of its graph, whoever started it.

`run` does one run under a lease of its graph; `dispatch` goes from what is due to what was done, once, or for ever in
the `daemon`; `cluster` does runs elsewhere.
"""
