"""Go through a video frame by frame: when is somebody there, and how much of the picture? VIDEO"""

import sys

import mattebox

for composite, matte in mattebox.composites(sys.argv[1], backdrop="black"):
    seconds = float(composite.pts * composite.format.time_base)
    print(f"{seconds:7.3f} s  {matte.alpha.mean().item():6.1%} of the picture")
