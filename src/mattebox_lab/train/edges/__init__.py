"""Trains the model of edges, ``mattebox.matting.edge_model``."""
