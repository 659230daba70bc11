"""Settings in, objects out: the only room that knows all the doors.

A door's library is imported in the branch that chooses the door, so that a program that uses none
of them loads none of them.
"""

from mattebox.assemble.fixes import fix_options, with_fixes
from mattebox.assemble.inputs import open_source
from mattebox.assemble.layers import open_backdrop, open_layer
from mattebox.assemble.mattes import Matting, matting_options, open_matting, open_saved_matte
from mattebox.assemble.path import assemble, make_room, open_pairs
from mattebox.assemble.quality import QualityReport, open_quality_report
from mattebox.assemble.results import open_sink

__all__ = [
    "Matting",
    "QualityReport",
    "assemble",
    "fix_options",
    "make_room",
    "matting_options",
    "open_backdrop",
    "open_layer",
    "open_matting",
    "open_pairs",
    "open_quality_report",
    "open_saved_matte",
    "open_sink",
    "open_source",
    "with_fixes",
]
