"""Doors that pictures go out by, one outside library per file."""
