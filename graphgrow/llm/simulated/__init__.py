"""Language models that are programs: worlds with a known truth."""
