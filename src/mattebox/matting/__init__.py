"""Arithmetic on tensors: from saliency to alpha, foreground and composite."""
