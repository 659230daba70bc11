"""Training samples: from sets of pairs to pictures with their alpha, made as they are needed.

``pairs`` reads; ``mixture`` is the door: which scenes, how often, from which sets; every scene is
a function that lays layers over each other (``plain``, ``composites``, ``props``, ``empty``,
``clips``); ``degrade`` photographs the result with a bad camera; ``sequences`` moves the layers.
Numpy, OpenCV and PyAV on the CPU: a worker of a data loader calls it, with no thread of its own.
"""
