"""256 colours for every picture of a GIF, by FFmpeg's palette filters.

Each picture gets its own palette: a palette for the whole clip would need the whole clip in memory
first. Called on the sink's thread.
"""

from __future__ import annotations

import contextlib

import av
import av.error
import av.filter


class Palette:
    """A filter graph that turns RGB pictures into pictures with 256 colours."""

    def __init__(self) -> None:
        self._graph: av.filter.Graph | None = None

    def push(self, picture: av.VideoFrame) -> list[av.VideoFrame]:
        """Take one picture and give those that are ready, with the times they came with."""
        if self._graph is None:
            self._graph = _graph(picture)
        self._graph.vpush(picture)
        return self._ready(self._graph)

    def flush(self) -> list[av.VideoFrame]:
        """The pictures still held."""
        if self._graph is None:
            return []
        self._graph.vpush(None)
        return self._ready(self._graph)

    def _ready(self, graph: av.filter.Graph) -> list[av.VideoFrame]:
        made = []
        with contextlib.suppress(av.error.BlockingIOError, av.error.EOFError):
            while True:
                made.append(graph.vpull())
        return made


def _graph(like: av.VideoFrame) -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=like.width, height=like.height, format=like.format, time_base=like.time_base
    )
    split = graph.add("split")
    make = graph.add("palettegen", "stats_mode=single")
    # Ordered dither stands still where the picture does; error diffusion would crawl.
    use = graph.add("paletteuse", "new=1:dither=bayer:bayer_scale=3")
    sink = graph.add("buffersink")
    source.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(make, 1, 0)
    make.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    return graph
