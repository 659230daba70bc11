"""Where a live picture can be sent: what each kind of address needs of FFmpeg. Pure; any thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from mattebox.errors import SinkRefused


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of address.

    Attributes:
        muxer: FFmpeg's name of the format that is sent there.
        options: of that muxer.
        profile: of H.264.
        query: what the address gets where it does not say it itself.
        advice: the next step where nothing answers.
    """

    muxer: str
    options: Mapping[str, str] = field(default_factory=dict)
    profile: str = "high"
    query: str = ""
    advice: str = "Start the server, or check the address."


_RTMP = _Kind(
    "flv",
    {"flvflags": "no_duration_filesize"},
    advice="Start the server, or check the address and the stream key at its end.",
)
# Each picture leaves at once, and none is held back for a decoder's buffer.
_TS_OPTIONS = {"flush_packets": "1", "muxdelay": "0", "muxpreload": "0"}
_RTSP = _Kind("rtsp", {"rtsp_transport": "tcp"})
# FFmpeg's muxer takes baseline without reordering only, as browsers do (whip.c).
_WHIP = _Kind(
    "whip",
    profile="baseline",
    advice="Start the server, or check the address: it must be the one for publishing by WHIP.",
)
KINDS: Mapping[str, _Kind] = {
    "rtmp": _RTMP,
    "rtmps": _RTMP,
    # Seven packets of a transport stream fill a packet of Ethernet; more would be torn in two.
    "udp": _Kind("mpegts", _TS_OPTIONS, query="pkt_size=1316"),
    "srt": _Kind("mpegts", _TS_OPTIONS, advice="Start its listener, or check the address."),
    "rtsp": _RTSP,
    "rtsps": _RTSP,
    "http": _WHIP,
    "https": _WHIP,
}


@dataclass(frozen=True, slots=True)
class Address:
    """An address that pictures are sent to.

    Attributes:
        url: as FFmpeg takes it.
        shown: the same for messages: without a password or a stream key.
        muxer, options, profile, advice: see ``_Kind``.
    """

    url: str
    shown: str
    muxer: str
    options: Mapping[str, str]
    profile: str
    advice: str


def read_address(text: str) -> Address:
    """The address in a text such as ``rtmp://host/app/key``.

    Raises:
        SinkRefused: nothing is sent to addresses of that kind, or it names no host.
    """
    scheme, _, rest = text.partition("://")
    kind = KINDS.get(scheme.lower())
    if kind is None:
        raise SinkRefused(
            f"cannot send to {shown_address(text)}: {scheme}:// is not among "
            f"{', '.join(f'{name}://' for name in KINDS)}.",
            "Use rtmp:// for a streaming service, udp:// for MPEG-TS, http:// for WHIP.",
        )
    if not rest.strip("/"):
        raise SinkRefused(f"cannot send to {text}: it names no host.", "Write rtmp://HOST/APP/KEY.")
    return Address(
        url=_with_query(text, kind.query),
        shown=shown_address(text),
        muxer=kind.muxer,
        options=kind.options,
        profile=kind.profile,
        advice=kind.advice,
    )


def shown_address(text: str) -> str:
    """An address without what only its owner may know: user, password, query and stream key."""
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    path = parts.path
    if parts.scheme.startswith("rtmp") and path.count("/") > 1:
        path = path[: path.rindex("/")] + "/…"
    return urlunsplit((parts.scheme, host, path, "…" if parts.query else "", ""))


def _with_query(url: str, query: str) -> str:
    name = query.partition("=")[0]
    if not query or f"{name}=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"
