"""Front of house: the programs people run."""
