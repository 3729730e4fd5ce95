"""The loop: each step asks one question and commits what came of it before the next."""
