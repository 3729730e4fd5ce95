"""Questions as text."""
