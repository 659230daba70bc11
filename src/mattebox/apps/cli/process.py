"""How the program treats the process that it owns: waiting threads and freed memory.

A library must not decide these for its host, so they are set here and nowhere else.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys

# Parameters of glibc's mallopt: malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
# The largest that glibc takes on 64 bits, and more than a frame's planes ever are at once.
_LARGEST_BLOCK, _KEPT = 32 << 20, 512 << 20


def before_loading_libraries() -> None:
    """Settle what OpenMP and the allocator read once; call before torch is imported.

    * Torch's threads would spin while they wait, on cores that the decoder and the encoder need.
      On a busy machine the network took a half to a quarter of the CPU time with them asleep.
    * glibc gives every large block back to the system and fetches a fresh one for the next frame,
      page by page: for a 720p clip 8,000 page faults and 16 ms of CPU time a frame. Kept in one
      arena, blocks are used again; the peak of memory stays what it was.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)


def before_working() -> None:
    """Settle what counts for every frame; call when the libraries and the network are loaded.

    * Each stage is one thread of OpenCV's: the stages share the cores already.
    * Python's cycle collector forgets what is loaded by now. It would look through all of torch
      again and again, half a millisecond of CPU time per frame.
    """
    import cv2

    cv2.setNumThreads(1)
    gc.freeze()
