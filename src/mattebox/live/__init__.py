"""The live session: a picture at a steady pace, whatever the camera and the network do.

Threads and clocks only. Cameras, virtual cameras, backdrops and settings are given from outside.
"""
