"""Cut a thing out of a photo onto a transparent ground: PHOTO OUTPUT.png."""

import sys

import mattebox

photo, output = sys.argv[1:3]
mattebox.replace_background(
    photo,
    output,
    backdrop="transparent",
    quality="best",
    refine={"remove_specks": 0.01},
    sink={"overwrite": True},
)
print(output)
