"""How a live session holds out: for minutes, and through a camera that comes and goes."""
