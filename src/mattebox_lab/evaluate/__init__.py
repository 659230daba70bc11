"""How good the mattes are, measured against truth."""
