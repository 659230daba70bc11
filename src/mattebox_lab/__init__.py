"""Training, evaluation and benchmarks; imports mattebox, is not in the wheel."""
