"""Thinking with the graph: paths with their evidence, discoveries, answers, ideas, and a judge that can be trusted."""
