"""What a reply says, in its own words."""
