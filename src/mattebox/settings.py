"""Every option once: its default, range, unit and help text.

The command line, TOML files, the JSON schema and ``docs/settings.md`` are made from this tree.
Pure data and validation: nothing here opens a file other than a TOML file, and no door is imported.

Precedence, weakest first: the defaults below, what a file's ``quality`` sets, the file, what -q on
the command line sets, single options.
"""

from __future__ import annotations

import difflib
import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from mattebox.anchor import Anchor
from mattebox.errors import SettingsError

Quality = Literal["fast", "balanced", "best"]
LayerName = Literal["composite", "cutout", "foreground", "saliency", "matte"]
Fit = Literal["cover", "contain", "stretch", "tile"]

Share = Annotated[float, Field(ge=0, le=1)]
Box = tuple[Share, Share, Share, Share]

# What -q changes; everything else stays as it is. Why these sizes: docs/quality.md.
QUALITIES: Mapping[Quality, Mapping[str, Mapping[str, object]]] = {
    "fast": {
        "model": {"size": 192},
        "temporal": {"look_ahead": 0},
        "foreground": {"estimate": False},
        "sink": {"speed": "fast"},
    },
    "balanced": {},
    # No larger network picture: the weights in the package lose large heads in one.
    "best": {
        "model": {"size": 288},
        "temporal": {"look_ahead": 16},
        "foreground": {"estimate": True},
        "sink": {"speed": "best", "quality": 85},
    },
}


class _Section(BaseModel):
    """A group of options; unknown keys are errors and values never change after validation."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    @field_validator("*")
    @classmethod
    def _no_name_has_a_nul(cls, value: object) -> object:
        if isinstance(value, str) and "\0" in value:
            raise ValueError("a text with a NUL character names nothing")
        return value


class InputSettings(_Section):
    """How the input is read."""

    corrupt_limit: int = Field(default=100, ge=0)
    """How many damaged packets are skipped and counted before the input is given up. Pictures that
    the decoder mends itself are kept, with a warning, and not counted."""

    folder_rate: float = Field(default=25.0, ge=0.01, le=1000)
    """Frames per second of a folder of pictures that is written as one video."""


class ModelSettings(_Section):
    """What finds the foreground."""

    name: str = Field(default="mattebox", min_length=1)
    """mattebox, u2netp, u2net, a path to a .pth or .safetensors file, or a matte made without a
    network: chroma (green screen), threshold (bright or dark ground), none (everything is kept)."""

    device: str = "auto"
    """Where the network runs: auto, cpu, cuda, cuda:N or mps."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Arithmetic of the network; auto is the fastest on the device that loses no quality."""

    size: int = Field(default=256, ge=64, le=2048, multiple_of=32)
    """Longer side of the picture that the network sees, in pixels; the aspect ratio is kept. The
    weights in the package are best at 256 close to a camera and at 288 for all else, the authors'
    u2netp and u2net at 320."""

    focus: bool = True
    """Whether the network is shown a crop around a subject that is small in the frame, so that
    somebody across the room gets as many pixels as a talking head; not together with
    subject.choose and regions."""

    recheck_s: float = Field(default=0.5, gt=0, le=60)
    """Time after which the whole frame is looked at again, for who else has come."""

    batch: int = Field(default=4, ge=1, le=64)
    """How many frames the network may take at once; on a CPU more gains little."""


class TemporalSettings(_Section):
    """Steadies a network's mattes over time; keys and saved mattes are left as they are."""

    half_life_s: float = Field(default=0.2, ge=0, le=5)
    """Time in which what was seen of a thing loses half its weight, as long as motion accounts for
    how the picture changes; 0 judges every frame by itself."""

    certainty: float = Field(default=0.5, ge=0, le=0.99)
    """How much less a frame counts where the network is in doubt: 0 not at all, near 1 only what
    it is sure of counts."""

    look_ahead: int = Field(default=4, ge=0, le=64)
    """How many frames after a frame are looked at for its matte, at least; three times as many wait
    in memory. In live use see live_delay."""

    live_delay: int = Field(default=0, ge=0, le=8)
    """How many frames later a live picture may come out, to be steadied by those after it."""

    carry_s: float = Field(default=0.3, ge=0, le=2)
    """Time for which a live matte may be carried along the picture's motion while the network is
    busy with a later picture; 0 has every picture wait for the network, as does live_delay."""

    scene_cut: float = Field(default=0.5, gt=0, le=1)
    """Share of the picture that motion must leave unexplained for a new scene, where the past is
    forgotten."""

    gap_s: float = Field(default=0.5, gt=0, le=60)
    """Time between two frames from which the past is forgotten."""


class FixSettings(_Section):
    """Carries a matte that was corrected by hand (--fix) to the frames around its own."""

    reach_s: float = Field(default=2.0, gt=0, le=60)
    """Time before and after a corrected frame in which the correction counts, less and less, as
    long as motion accounts for how the picture changes; so many seconds of frames wait in memory
    while one lies ahead."""


class SubjectSettings(_Section):
    """Who stays, where more than one is found."""

    choose: Literal["all", "largest", "central"] = "all"
    """all keeps everybody and everything that is found; largest and central keep one, by how much
    of the frame, or of its middle, is covered, and follow it through the clip."""

    keep_in: tuple[Box, ...] = ()
    """Regions that always stay, such as a desk, each as [left, top, right, bottom] in shares of the
    frame from 0 to 1."""

    keep_out: tuple[Box, ...] = ()
    """Regions in which nothing stays, such as a doorway; written alike."""

    @field_validator("keep_in", "keep_out")
    @classmethod
    def _boxes_have_an_inside(cls, boxes: tuple[Box, ...]) -> tuple[Box, ...]:
        for left, top, right, bottom in boxes:
            if left >= right or top >= bottom:
                raise ValueError(
                    f"[{left:g}, {top:g}, {right:g}, {bottom:g}] has no inside: "
                    "left must be below right and top below bottom"
                )
        return boxes


class RefineSettings(_Section):
    """Makes the full-size matte from the network's small map."""

    edges: Literal["learnt", "guided", "plain"] = "learnt"
    """learnt asks a small model how hard each edge is and how far it follows the picture, guided
    takes all edges for alike and follows the picture, plain interpolates. Keys have no map, and no
    use for it."""

    radius_px: int = Field(default=1, ge=1, le=16)
    """Reach of the edge-following filter of edges = "guided", in pixels of the network's map."""

    epsilon: float = Field(default=2e-3, gt=0, le=1)
    """Contrast (variance, full scale 1) below which that filter ignores an edge in the picture."""

    low: float = Field(default=0.1, ge=0, lt=1)
    """Alpha up to here becomes 0; less of it where edges are learnt to be soft."""

    high: float = Field(default=0.9, gt=0, le=1)
    """Alpha from here on becomes 1; less of it where edges are learnt to be soft."""

    privacy: float = Field(default=0.0, ge=0, lt=1)
    """Alpha up to here becomes 0, whatever low says: with 0.5 nothing shows that is not mostly the
    subject, at the price of harder hair."""

    gamma: float = Field(default=1.0, gt=0, le=10)
    """Exponent on alpha: above 1 thins soft edges, below 1 thickens them."""

    choke_px: float = Field(default=0.0, ge=-50, le=50)
    """Moves the edge inwards by this many pixels of the output; below 0 outwards."""

    feather_px: float = Field(default=0.0, ge=0, le=200)
    """Softens the edge by this many pixels of the output; 0 leaves it as it is."""

    sharpen: float = Field(default=0.0, ge=0, le=1)
    """Pushes soft alpha towards 0 and 1: 0 not at all, 1 to a hard edge."""

    fill_holes: float = Field(default=0.002, ge=0, le=1)
    """Holes in the foreground smaller than this share of the frame are filled."""

    remove_specks: float = Field(default=0.002, ge=0, le=1)
    """Islands of foreground smaller than this share of the frame are removed."""

    @model_validator(mode="after")
    def _low_is_below_high(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low = {self.low} must be below high = {self.high}")
        if self.privacy >= self.high:
            raise ValueError(f"privacy = {self.privacy} must be below high = {self.high}")
        return self


class ForegroundSettings(_Section):
    """The foreground's own colour where it is half transparent."""

    estimate: bool = True
    """Estimate it, so that the old background does not shine through hair and soft edges."""

    radius_px: float = Field(default=12.0, ge=1, le=500)
    """How far, in pixels of the frame, colour may come from."""


class ChromaSettings(_Section):
    """The chroma key: model.name = "chroma"."""

    colour: str = "auto"
    """Colour of the screen: auto (found on the frame's border), a CSS name or #rrggbb."""

    tolerance: float = Field(default=0.12, ge=0, le=1)
    """Distance in chroma from the screen's colour up to which a pixel is wholly background, where
    1 is how far the screen itself is from gray."""

    softness: float = Field(default=0.75, ge=0, le=1)
    """Width of the ramp from background to foreground beyond the tolerance, on the same scale."""

    despill: float = Field(default=1.0, ge=0, le=1)
    """How much of the screen's tint is taken out of the foreground."""


class ThresholdSettings(_Section):
    """The luminance threshold: model.name = "threshold"."""

    method: Literal["otsu", "adaptive", "fixed"] = "otsu"
    """otsu finds one level for the picture, adaptive one per neighbourhood, fixed uses level."""

    level: float = Field(default=0.5, ge=0, le=1)
    """Luminance of the border between ground and thing, for method = "fixed"."""

    window: float = Field(default=0.15, gt=0, le=1)
    """Neighbourhood of method = "adaptive", as a share of the frame's longer side."""

    foreground: Literal["auto", "light", "dark"] = "auto"
    """Whether the thing is lighter or darker than its ground; auto takes the border for ground."""

    softness: float = Field(default=0.06, ge=0, le=1)
    """Width of the ramp from ground to thing, in luminance."""


class BackdropSettings(_Section):
    """What is put behind the foreground."""

    source: str = Field(default="auto", min_length=1)
    """An image, a video, a colour (#00b140, seagreen), blur, blur:RADIUS, or transparent; auto is
    transparent for .png, .webp and .webm, and blur for everything else."""

    fit: Fit = "cover"
    """cover fills the frame and cuts what sticks out, contain shows all of the backdrop, stretch
    bends it to the frame, tile repeats it."""

    anchor: Anchor = "center"
    """Which part stays in view when the backdrop is cut or does not fill the frame."""

    start_s: float = Field(default=0.0, ge=0)
    """Where a video backdrop starts, in seconds."""

    crossfade_s: float = Field(default=0.5, ge=0, le=10)
    """How long a video backdrop's end blends into its beginning; 0 cuts."""

    blur_px: float = Field(default=24.0, ge=0, le=500)
    """Radius of blur in pixels of the frame, where the source says no other."""

    light_wrap: float = Field(default=0.0, ge=0, le=1)
    """How much of the backdrop's light spills over the subject's edge, as it does in a lens: 0
    none; 0.3 is a good value, 0.5 shows. Not in a cutout."""

    light_wrap_px: float = Field(default=16.0, ge=6, le=200)
    """How far it spills, in pixels of the output."""

    match_brightness: float = Field(default=0.0, ge=0, le=1)
    """How far the subject is brought to the backdrop's brightness: 0 not at all, 1 to the same
    mean, but by 1.5 stops at most; 0.4 is a good value. Not with blur, which is the same room, nor
    in a cutout."""

    match_colour: float = Field(default=0.0, ge=0, le=1)
    """How far the subject takes on the backdrop's tint, likewise: mostly from blue to amber, and a
    little from green to magenta; 0.5 is a good value."""

    match_half_life_s: float = Field(default=1.0, ge=0, le=60)
    """Time in which the subject follows half of a change of either, so that nothing flickers."""


class FramingSettings(_Section):
    """Follows the subject with a window, in composites and cutouts; what is behind stays still."""

    auto: bool = False
    """Whether the window follows the subject."""

    zoom_max: float = Field(default=1.5, ge=1, le=4)
    """How many times larger than in the frame the subject is shown at most."""

    dead_zone: float = Field(default=0.06, ge=0, le=0.5)
    """How far the subject may go before the window moves, in shares of the window; above 0.08
    somebody at rest may be cut off at the side."""

    half_life_s: float = Field(default=0.5, ge=0, le=10)
    """Time in which the window does half of its way; 0 jumps."""

    headroom: float = Field(default=0.12, ge=0, le=0.4)
    """Room above the subject, in shares of the window's height."""


class OverlaySettings(_Section):
    """A picture over the result, such as a logo; in composites and cutouts."""

    path: str = ""
    """An image, where it is transparent it is seen through; empty for none."""

    anchor: Anchor = "bottom-right"
    """At which edge or corner it lies."""

    width: float = Field(default=0.15, gt=0, le=1)
    """Its width in shares of the frame's; it becomes narrower where it would be too high."""

    margin: float = Field(default=0.02, ge=0, le=0.4)
    """Its distance from the edges, in shares of the frame's width."""

    opacity: float = Field(default=1.0, ge=0, le=1)
    """How opaque it is, besides its own alpha."""


class SinkSettings(_Section):
    """How the result is written."""

    codec: str = Field(default="auto", min_length=1)
    """auto, h264, h265, av1, vp9, prores, ffv1, gif, or any encoder that FFmpeg knows by name."""

    quality: int = Field(default=75, ge=0, le=100)
    """0 is smallest, 100 lossless where the codec can; 75 looks like the input."""

    speed: Literal["fast", "balanced", "best"] = "fast"
    """How much work the encoder does to make the file smaller."""

    pixel_format: str = Field(default="auto", min_length=1)
    """auto keeps the input's; or FFmpeg's name of one."""

    options: dict[str, str] = Field(default_factory=dict)
    """Private options of the encoder, as FFmpeg names them."""

    @field_validator("options", mode="before")
    @classmethod
    def _numbers_are_words_too(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        plain = (int, float, str)  # bool is an int: FFmpeg takes 1 and 0
        return {
            key: str(int(each) if isinstance(each, bool) else each)
            if isinstance(each, plain)
            else each
            for key, each in value.items()
        }

    audio: Literal["keep", "none"] = "keep"
    """Whether the input's sound is copied."""

    overwrite: bool = False
    """Whether an existing file may be replaced."""

    picture_suffix: Literal[".png", ".webp", ".jpg", ".tiff", ".bmp"] = ".png"
    """Kind of the pictures written into a folder."""

    heat: bool = False
    """Show the saliency layer as a heat map and not as gray."""


class CameraSettings(_Section):
    """What is asked of a camera; it gives what it can, and `mattebox live` says what."""

    width: int = Field(default=1280, ge=16, le=8192)
    """Width in pixels."""

    height: int = Field(default=720, ge=16, le=8192)
    """Height in pixels."""

    rate: float = Field(default=30.0, ge=1, le=240)
    """Pictures per second."""

    codecs: tuple[Annotated[str, Field(min_length=4, max_length=4)], ...] = ("MJPG", "YUYV")
    """What the camera should send, best first, as four letters each; after the last, anything."""


class LiveSettings(_Section):
    """`mattebox live`: what is shown when, and how long is waited for what."""

    placeholder: str = Field(default="#202428", min_length=1)
    """What is shown while there is no picture with a matte: a colour or an image."""

    backdrops: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """The backdrops that the keys b and B go through, after the one that it began with; blur and
    the placeholder's if there are none."""

    mirror: bool = False
    """Whether left and right change places."""

    fade_s: float = Field(default=0.4, ge=0, le=10)
    """How long one backdrop fades into another that is chosen while it runs; 0 cuts."""

    rest_after_s: float = Field(default=10.0, ge=0, le=3600)
    """Time after which the camera is released if nobody looks at the virtual camera, where that is
    the only output and the system can tell; 0 films all the time."""

    lost_after_s: float = Field(default=0.15, ge=0.02, le=10)
    """Time without a picture from the camera after which the placeholder is shown."""

    frozen_after_s: float = Field(default=2.0, ge=0.1, le=60)
    """Time for which the last picture stands where the network does not keep up."""

    reopen_after_s: float = Field(default=1.5, ge=0.2, le=60)
    """Time without a picture after which the camera is opened again."""

    longest_wait_s: float = Field(default=1.0, ge=0.05, le=60)
    """The longest time between two tries to open it, or to reach a network output again."""

    bitrate_kbps: int = Field(default=4000, ge=100, le=100_000)
    """The most that a network output sends, in kilobits per second."""

    metrics_port: int = Field(default=0, ge=0, le=65535)
    """The port of 127.0.0.1 that serves figures for Prometheus; 0 serves none."""


class PipelineSettings(_Section):
    """The data path."""

    capacity: int = Field(default=4, ge=1, le=256)
    """How many frames may wait between two stages; memory grows with it."""

    stop_timeout_s: float = Field(default=5.0, gt=0, le=600)
    """How long a stage may take to stop before it is given up."""


class Settings(_Section):
    """The whole tree."""

    quality: Quality = "balanced"
    """fast, balanced or best: sets those options that trade time for quality, see below."""

    layer: LayerName = "composite"
    """What is written: the composite, the cutout (straight alpha), the foreground's own colour,
    the saliency map, or the matte."""

    input: InputSettings = InputSettings()
    model: ModelSettings = ModelSettings()
    temporal: TemporalSettings = TemporalSettings()
    fix: FixSettings = FixSettings()
    subject: SubjectSettings = SubjectSettings()
    refine: RefineSettings = RefineSettings()
    foreground: ForegroundSettings = ForegroundSettings()
    chroma: ChromaSettings = ChromaSettings()
    threshold: ThresholdSettings = ThresholdSettings()
    backdrop: BackdropSettings = BackdropSettings()
    framing: FramingSettings = FramingSettings()
    overlay: OverlaySettings = OverlaySettings()
    sink: SinkSettings = SinkSettings()
    camera: CameraSettings = CameraSettings()
    live: LiveSettings = LiveSettings()
    pipeline: PipelineSettings = PipelineSettings()


def resolve(*layers: Mapping[str, object], origin: str = "the settings") -> Settings:
    """Lay mappings over the defaults, later ones stronger, and validate the result.

    Args:
        layers: nested mappings in the shape of ``Settings``; a later value replaces an earlier one.
            The last ``quality`` among them chooses the overlay that lies beneath them all.
        origin: where the values came from, for the message.

    Raises:
        SettingsError: an unknown key or a value outside its range, named with its full path.
    """
    given = _merged(layers)
    name = given.get("quality", "balanced")
    overlay = QUALITIES.get(name, {}) if isinstance(name, str) else {}  # type: ignore[call-overload]
    tree = _merged([overlay, given])
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise _explained(error, origin) from error


def differing(one: Settings, other: Settings) -> set[str]:
    """The dotted keys whose values differ."""
    before, after = (dict(_leaves(each)) for each in (one, other))
    return {key for key, value in after.items() if before[key] != value}


def adjusted(settings: Settings, change: Mapping[str, object]) -> Settings:
    """The settings with a nested mapping laid over them; ``quality`` brings all that it sets.

    Raises:
        SettingsError: as ``resolve``.
    """
    quality = change.get("quality")
    asked = next((overlay(name) for name in QUALITIES if name == quality), {})
    return resolve(settings.model_dump(), asked, change, origin="the change")


def with_changes_of(settings: Settings, before: Settings, after: Settings) -> Settings:
    """The settings with what changed from one tree to another, and all else as it is."""
    changed = differing(before, after)
    values = {key: value for key, value in _leaves(after) if key in changed}
    return resolve(settings.model_dump(), nested(values), origin="the change")


def load(path: Path) -> dict[str, object]:
    """The contents of a TOML file, unvalidated.

    Raises:
        SettingsError: it is not there or not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(
            f"there is no config file {path}.", "Make one with `mattebox config show > FILE`."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(
            f"cannot read the config file {path}: {reason}.", "Give a TOML file to --config."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{path} is not TOML: {error}.", "`mattebox config show` prints a valid one."
        ) from error


def presets_folder() -> Path:
    """Where the shipped config files are: inside the wheel, or beside ``src`` in a checkout."""
    here = Path(__file__).resolve().parent
    packaged = here / "configs"
    return packaged if packaged.is_dir() else here.parents[1] / "configs"


def preset(name: str) -> Path:
    """The config file of a shipped preset.

    Raises:
        SettingsError: there is none of that name.
    """
    path = presets_folder() / f"{name}.toml"
    if not path.is_file():
        present = ", ".join(sorted(p.stem for p in presets_folder().glob("*.toml")))
        raise SettingsError(
            f"there is no preset {name!r}. Present: {present}.", "For a file of yours use --config."
        )
    return path


def overlay(quality: Quality) -> dict[str, object]:
    """What -q says: its values, and the defaults for what only another quality would change."""
    defaults = Settings()
    plain = {
        section: {key: getattr(getattr(defaults, section), key) for key in keys}
        for section, keys in _merged([*QUALITIES.values()]).items()
    }
    return _merged([plain, QUALITIES[quality], {"quality": quality}])


def parse_assignments(assignments: Sequence[str]) -> dict[str, object]:
    """``["refine.feather_px=2", …]`` as a mapping from dotted key to value.

    A value is read as TOML (numbers, true, quoted strings, lists); anything else is a string.

    Raises:
        SettingsError: there is no ``=`` or no key.
    """
    pairs = {}
    for text in assignments:
        key, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not all(key.split(".")):
            raise SettingsError(
                f"--set takes key=value, got {text!r}.", "For example --set refine.feather_px=2."
            )
        pairs[key] = _toml_value(value)
    return pairs


def nested(pairs: Mapping[str, object]) -> dict[str, object]:
    """``{"refine.feather_px": 2}`` in the shape of ``Settings``: ``{"refine": {"feather_px": 2}}``.

    Raises:
        SettingsError: a key is used both as a value and as a section.
    """
    tree: dict[str, object] = {}
    for key, value in pairs.items():
        *sections, leaf = key.split(".")
        place = tree
        for name in sections:
            inner = place.setdefault(name, {})
            if not isinstance(inner, dict):
                raise SettingsError(f"{key} cannot be set: {name} is a value, not a section.")
            place = inner
        place[leaf] = value
    return tree


def describe(key: str) -> str:
    """The help text of an option, by its dotted key."""
    section: type[BaseModel] = Settings
    *sections, leaf = key.split(".")
    for name in sections:
        inner = section.model_fields[name].annotation
        assert isinstance(inner, type)
        assert issubclass(inner, BaseModel)
        section = inner
    return " ".join((section.model_fields[leaf].description or "").split())


def to_toml(settings: Settings) -> str:
    """The whole tree as commented TOML that ``load`` reads back to the same settings."""
    lines = [*_toml_lines(settings, top_level=True)]
    for name, section in settings:
        if isinstance(section, _Section):
            title = _comment(type(section).__doc__ or "")
            lines += ["", *title, f"[{name}]", *_toml_lines(section)]
    return "\n".join(lines) + "\n"


def _toml_lines(section: _Section, *, top_level: bool = False) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if top_level and isinstance(value, _Section):
            continue
        yield from _comment(field.description or "")
        yield f"{name} = {_toml_literal(value)}"


def _comment(text: str) -> list[str]:
    words = " ".join(text.split())
    return [f"# {line}" for line in textwrap.wrap(words, 96, break_on_hyphens=False)]


def _toml_literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_toml_literal(k)} = {_toml_literal(v)}" for k, v in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml_literal, value))}]"
    return repr(value)


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _merged(layers: Sequence[Mapping[str, object]]) -> dict[str, Any]:
    """Nested mappings laid over each other, later ones stronger."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = result.get(key)
            if isinstance(below, Mapping) and isinstance(value, Mapping):
                result[key] = _merged([below, value])
            else:
                result[key] = dict(value) if isinstance(value, Mapping) else value
    return result


def _explained(error: ValidationError, origin: str) -> SettingsError:
    """The first complaint in the words of the person who wrote the file."""
    complaint = error.errors()[0]
    path = [str(part) for part in complaint["loc"]]
    key = ".".join(path)
    if complaint["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, _keys(Settings), n=1, cutoff=0.5)
        advice = f"Did you mean {near[0]}?" if near else "`mattebox config show` lists every key."
        return SettingsError(f"unknown key {key} in {origin}.", advice)
    reason = complaint["msg"].removeprefix("Value error, ")
    value = complaint["input"]
    # A complaint about how options go together comes with their whole section.
    seen = key if isinstance(value, Mapping) else f"{key} = {value!r}"
    return SettingsError(
        f"{seen} in {origin} is not allowed: {reason}.",
        "`mattebox config show` lists every key with its meaning.",
    )


def _leaves(section: _Section, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in section:
        if isinstance(value, _Section):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _keys(section: type[_Section], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, _Section):
            yield from _keys(field.annotation, f"{prefix}{name}.")
