"""How good mattes are, without a truth: measured as they pass, told frame by frame."""
