"""Time zones by IANA name or fixed offset, over all of MongoDB's range of dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from satchel.errors import ServerError
from satchel.mql.expressions.gregorian import DAYS_PER_CYCLE, MS_PER_SECOND
from satchel.values.bson_types import MISSING, Field, type_name

_UNRECOGNIZED: Final = 40485
_NOT_A_STRING: Final = 40517
_FIXED_OFFSET: Final = re.compile(r"([+-])([0-9]{2})(?::?([0-9]{2}))?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_PER_CYCLE: Final = DAYS_PER_CYCLE * 86_400
# What lies beyond, `datetime` cannot say: before, a zone has its first offset; after, rules repeat with the calendar.
_FIRST_SECOND: Final = -62_135_000_000
_LAST_SECOND: Final = 253_400_000_000
_NOT_ZONES: Final = ("localtime", "posixrules", "posix/", "right/", "SystemV/")
_LONGEST_DST_SHIFT: Final = 7_200


@dataclass(frozen=True, slots=True)
class TimeZone:
    """A time zone.

    Attributes:
        name: The identifier it was asked for by.
        zone: The rules, or None where the offset never changes.
        fixed_offset: Seconds east of Greenwich, where `zone` is None.
    """

    name: str
    zone: tzinfo | None = None
    fixed_offset: int = 0

    @property
    def is_utc(self) -> bool:
        """Whether local time is always UTC."""
        return self.zone is None and self.fixed_offset == 0

    def offset_at(self, second: int) -> int:
        """Return the seconds east of Greenwich at a second since 1970 (UTC)."""
        if self.zone is None:
            return self.fixed_offset
        return self._look_up(_within_datetime(second))[0]

    def to_local(self, ms: int) -> int:
        """Return the wall clock of a point in time (milliseconds since 1970), as milliseconds without a zone."""
        return ms + self.offset_at(ms // MS_PER_SECOND) * MS_PER_SECOND

    def is_dst_at(self, second: int) -> bool:
        """Tell whether daylight saving time is in force at a second since 1970 (UTC)."""
        return self.zone is not None and self._look_up(_within_datetime(second))[1]

    def to_utc(self, local_ms: int, *, dst: bool | None = None) -> int:
        """Return the point in time at which the wall clock shows `local_ms`.

        A wall clock that is skipped counts on with the offset before the gap.

        Args:
            local_ms: The wall clock, as milliseconds without a zone.
            dst: Which of two moments is meant where the clock shows `local_ms` twice: the one in daylight saving time?
                By default what was in force on 1970-01-01, as in MongoDB's library.
        """
        if self.zone is None:
            return local_ms - self.fixed_offset * MS_PER_SECOND
        if dst is None:
            dst = self.is_dst_at(0)
        return local_ms - self._offset_of_local(local_ms // MS_PER_SECOND, dst) * MS_PER_SECOND

    def _offset_of_local(self, local: int, dst: bool) -> int:
        current = self.offset_at(local)
        after = self.offset_at(local - current)
        if current != after:
            return after if self.offset_at(local - after) == after else min(current, after)
        is_dst = self.is_dst_at(local)
        if current >= 0 and dst and not is_dst:
            other = self.offset_at(local - current - _LONGEST_DST_SHIFT)
        elif current <= 0 and is_dst and not dst:
            other = self.offset_at(local - current + _LONGEST_DST_SHIFT)
        else:
            return current
        return other if self.offset_at(local - other) == other else current

    def _look_up(self, second: int) -> tuple[int, bool]:
        if second >= 0:
            moment = datetime.fromtimestamp(second, self.zone)
        else:  # for which some platforms have no `fromtimestamp`
            moment = (_EPOCH + timedelta(seconds=second)).astimezone(self.zone)
        offset = moment.utcoffset()
        assert offset is not None
        return offset.days * 86_400 + offset.seconds, bool(moment.dst())


UTC_ZONE: Final = TimeZone("UTC")


@lru_cache(maxsize=1024)
def time_zone(name: str) -> TimeZone:
    """Return the time zone of an IANA name or a fixed offset (`"+05:30"`, `"+0530"`, `"+05"`).

    Raises:
        ServerError: location 40485 when there is no such zone.
    """
    if match := _FIXED_OFFSET.fullmatch(name):
        sign, hours, minutes = match.groups("0")
        seconds = int(hours) * 3_600 + int(minutes) * 60
        return TimeZone(name, None, -seconds if sign == "-" else seconds)
    if name == "UTC":
        return UTC_ZONE
    try:
        if not name or name.startswith(_NOT_ZONES):
            raise ZoneInfoNotFoundError(name)
        return TimeZone(name, ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ServerError(_UNRECOGNIZED, f'unrecognized time zone identifier: "{name}"') from error


def time_zone_operand(value: Field) -> TimeZone | None:
    """Return the time zone that a `timezone` argument names, or None when it is null or missing.

    Raises:
        ServerError: location 40517 when it is not a string, location 40485 when there is no such zone.
    """
    if value is None or value is MISSING:
        return None
    if value.__class__ is not str:
        raise ServerError(_NOT_A_STRING, f"timezone must evaluate to a string, found {type_name(value)}")
    return time_zone(str(value))


def _within_datetime(second: int) -> int:
    """Return a second at which every zone has the same offset, and that `datetime` can say."""
    if second < _FIRST_SECOND:
        return _FIRST_SECOND
    if second > _LAST_SECOND:
        return second + (_LAST_SECOND - second) // _SECONDS_PER_CYCLE * _SECONDS_PER_CYCLE
    return second
