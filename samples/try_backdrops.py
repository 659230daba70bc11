"""Make the matte once, then lay it over as many backdrops as you like: VIDEO FOLDER BACKDROP…"""

import sys
from pathlib import Path

import mattebox

video, folder, *backdrops = sys.argv[1:]
matte = Path(folder) / "matte.mkv"
replace = {"overwrite": True}

for number, backdrop in enumerate(backdrops):
    output = Path(folder) / f"{number}.mp4"
    if number == 0:
        mattebox.replace_background(video, output, backdrop=backdrop, matte=matte, sink=replace)
    else:
        mattebox.compose(video, matte, output, backdrop=backdrop, sink=replace)  # no inference
    print(output)
