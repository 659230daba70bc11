"""Doors that frames come in by, one outside library per file."""
