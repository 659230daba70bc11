"""The table of models that can be asked for by name. Data only; read on any thread."""

from __future__ import annotations

from dataclasses import dataclass

EMBEDDED = "mattebox"
_AUTHORS = "github.com/xuebinqin/U-2-Net"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be asked for by name.

    Attributes:
        name: what to pass to ``-m``.
        file_name: what its authors call the file.
        architecture: the name of its widths.
        sha256: of the file, in hexadecimal; None where nobody publishes one to check against.
        size: of the file, in bytes; None where it is not known.
        licence: of the weights.
        source: where they come from, for people.
        description: what it is good for.
        figures: how good it is, and on what that was measured.
    """

    name: str
    file_name: str
    architecture: str
    sha256: str | None
    size: int | None
    licence: str
    source: str
    description: str
    figures: str


KNOWN_MODELS = (
    KnownModel(
        name=EMBEDDED,
        file_name="mattebox.safetensors",
        architecture="u2netp",
        sha256="e11109ddb362faf674693184650cb584df1cfdd42721f24a6424592b49840cad",
        size=2351602,
        licence="Apache-2.0 (its training data have terms of their own: see the model card)",
        source="trained by this project, in the package",
        description="people in front of a camera, and things; the default",
        figures="IoU 0.92 heads, 0.93 people, 0.88 things (256 px; model card)",
    ),
    KnownModel(
        name="u2netp",
        file_name="u2netp.pth",
        architecture="u2netp",
        sha256=None,
        size=None,
        licence="Apache-2.0",
        source=_AUTHORS,
        description="people and things, as fast as the default; about 4.7 MB",
        figures="IoU 0.81 heads, 0.94 people, 0.94 things (320 px; model card)",
    ),
    KnownModel(
        name="u2net",
        file_name="u2net.pth",
        architecture="u2net",
        sha256=None,
        size=None,
        licence="Apache-2.0",
        source=_AUTHORS,
        description="people and things, finer and several times slower; about 176 MB",
        figures="not measured by this project",
    ),
)
