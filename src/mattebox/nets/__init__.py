"""The networks, their weights and the engines that run them."""
