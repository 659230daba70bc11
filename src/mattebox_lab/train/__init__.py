"""Trains the network: recipes, scenes, losses and the loop."""
