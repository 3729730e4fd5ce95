"""A graph for the agents of others, over the Model Context Protocol: tools to read it, and to grow and correct it."""
