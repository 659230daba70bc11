"""Replace the background of a video; sound, timing and colours stay: INPUT BACKDROP OUTPUT."""

import sys

import mattebox

video, backdrop, output = sys.argv[1:4]
[report] = mattebox.replace_background(video, output, backdrop=backdrop, sink={"overwrite": True})
print(report.sentence())
