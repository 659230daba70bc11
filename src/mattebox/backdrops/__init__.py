"""What is put behind the foreground, one kind per file."""
