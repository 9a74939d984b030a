"""Time zones as they stand in the text of a date: offsets and abbreviations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_OFFSET: Final = re.compile(r"(?:GMT(?=[+-]))?([+-])([0-9:]*)")
_ABBREVIATION: Final = re.compile(r"[^\0 )]*")

_ABBREVIATIONS_BY_OFFSET: Final = {
    -39600: "sst",
    -36000: "ahst bdt hst",
    -34200: "hdt hpt hwt",
    -32400: "ahdt akst yst",
    -28800: "akdt pst ydt ypt ywt",
    -26248: "emt",
    -25200: "mst pdt ppt pwt yddt",
    -21600: "cst mdt mpt mwt pddt",
    -20173: "sjmt",
    -19776: "hmt",
    -18840: "qmt",
    -18000: "cdt cpt cwt est mddt",
    -17340: "ppmt",
    -16800: "sdmt",
    -15408: "cmt",
    -14660: "ffmt",
    -14400: "ast cddt edt ept ewt",
    -14309: "bmt",
    -13884: "smt",
    -13840: "amt",
    -13236: "pmt",
    -12600: "nst",
    -10800: "adt apt awt eddt",
    -9052: "ndt",
    -9000: "npt nwt",
    -7200: "addt",
    -5400: "nddt",
    -4056: "fmt",
    -1521: "dmt",
    0: "gmt uct utc wet",
    3600: "bst cet met wat west",
    5040: "wmt",
    5736: "kmt",
    5794: "rmt",
    7200: "bdst cat cest eet ist mest sast wast wemt",
    8440: "jmt",
    9017: "mmt",
    9394: "lst",
    10751: "tbmt",
    10800: "cemt eat eest idt msk",
    12344: "tmt",
    14400: "iddt msd",
    16279: "mdst",
    18000: "pkt",
    21600: "pkst",
    25025: "imt",
    25200: "wib",
    25590: "plmt",
    28800: "awst hkt wita",
    30600: "kst",
    32400: "awdt hkst jst wit",
    34200: "acst cast",
    36000: "aest chst gst jdt kdt",
    37800: "acdt",
    39600: "aedt gdt",
    41400: "nzmt",
    43200: "nzst",
    46800: "nzdt",
}
_MILITARY: Final = "yxwvutsrqpon" + "z" + "abcdefghiklm"  # 12 hours west of Greenwich to 12 hours east

ABBREVIATIONS: Final[dict[str, int]] = {
    **{name: offset for offset, names in _ABBREVIATIONS_BY_OFFSET.items() for name in names.split()},
    **{letter: (hours - 12) * 3600 for hours, letter in enumerate(_MILITARY)},
}
"""Seconds east of Greenwich, by abbreviation in lower case; an ambiguous one has the meaning that MongoDB gives it."""


@dataclass(frozen=True, slots=True)
class ZoneText:
    """A time zone read from text.

    Attributes:
        offset: Seconds east of Greenwich.
        abbreviation: The abbreviation it was written as, or None for an offset.
    """

    offset: int
    abbreviation: str | None = None


def read_zone(text: str, position: int = 0) -> tuple[ZoneText | None, int]:
    """Read a time zone at a position of a text.

    Returns:
        The zone and the position behind it; no zone when there is none, or one by name, which a text cannot have.
    """
    while text[position : position + 1] in (" ", "\t", "("):
        position += 1
    if match := _OFFSET.match(text, position):
        seconds = _offset_seconds(match[2])
        if seconds is None:
            return None, match.end()
        zone = ZoneText(-seconds if match[1] == "-" else seconds)
    else:
        match = _ABBREVIATION.match(text, position)
        assert match is not None
        offset = ABBREVIATIONS.get(match[0].lower())
        if offset is None:
            return None, match.end()
        zone = ZoneText(offset, match[0])
    position = match.end()
    while text[position : position + 1] == ")":
        position += 1
    return zone, position


def _offset_seconds(text: str) -> int | None:
    """Return the seconds of H, HH, HMM, HHMM, HHMMSS, H:MM, HH:MM, HH:MM:SS; None for other lengths."""
    colons = [index for index, character in enumerate(text) if character == ":"]
    number = int(text.split(":", maxsplit=1)[0] or 0)
    if len(text) in (1, 2):
        return number * 3600
    if len(text) in (3, 4) and not {1, 2}.intersection(colons):
        return number // 100 * 3600 + number % 100 * 60
    if len(text) == 6:
        return number // 10_000 * 3600 + number // 100 % 100 * 60 + number % 100
    if len(text) in (3, 4) or (len(text), colons) in ((5, [2]), (8, [2, 5])):
        hours, minutes, seconds = (int(part or 0) for part in (text + ":0").split(":")[:3])
        return hours * 3600 + minutes * 60 + seconds
    return None
