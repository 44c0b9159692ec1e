"""Time zones as helpdesks call them: by a city, or by a name that only their own lists know.

Both products took their names from Ruby on Rails, whose list (ActiveSupport::TimeZone) this follows.
"""

from __future__ import annotations

import functools
import re
from zoneinfo import available_timezones

# What is no city, or is a city that the zones' own list does not name.
_NAMED = {
    "American Samoa": "Pacific/Pago_Pago",
    "Hawaii": "Pacific/Honolulu",
    "Alaska": "America/Juneau",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Mountain Time (US & Canada)": "America/Denver",
    "Arizona": "America/Phoenix",
    "Central Time (US & Canada)": "America/Chicago",
    "Saskatchewan": "America/Regina",
    "Guadalajara": "America/Mexico_City",
    "Central America": "America/Guatemala",
    "Eastern Time (US & Canada)": "America/New_York",
    "Indiana (East)": "America/Indiana/Indianapolis",
    "Quito": "America/Lima",
    "Atlantic Time (Canada)": "America/Halifax",
    "Newfoundland": "America/St_Johns",
    "Brasilia": "America/Sao_Paulo",
    "Georgetown": "America/Guyana",
    "Greenland": "America/Nuuk",
    "Mid-Atlantic": "Atlantic/South_Georgia",
    "Cape Verde Is.": "Atlantic/Cape_Verde",
    "Edinburgh": "Europe/London",
    "Bern": "Europe/Zurich",
    "West Central Africa": "Africa/Algiers",
    "Kyev": "Europe/Kyiv",
    "Pretoria": "Africa/Johannesburg",
    "St. Petersburg": "Europe/Moscow",
    "Abu Dhabi": "Asia/Muscat",
    "Ekaterinburg": "Asia/Yekaterinburg",
    "Islamabad": "Asia/Karachi",
    "Chennai": "Asia/Kolkata",
    "Mumbai": "Asia/Kolkata",
    "New Delhi": "Asia/Kolkata",
    "Sri Jayawardenepura": "Asia/Colombo",
    "Astana": "Asia/Almaty",
    "Hanoi": "Asia/Bangkok",
    "Beijing": "Asia/Shanghai",
    "Osaka": "Asia/Tokyo",
    "Sapporo": "Asia/Tokyo",
    "Ulaan Bataar": "Asia/Ulaanbaatar",
    "Solomon Is.": "Pacific/Guadalcanal",
    "New Caledonia": "Pacific/Noumea",
    "Marshall Is.": "Pacific/Majuro",
    "Midway Island": "Pacific/Midway",
    "Wellington": "Pacific/Auckland",
    "Nuku'alofa": "Pacific/Tongatapu",
    "Tokelau Is.": "Pacific/Fakaofo",
    "Chatham Is.": "Pacific/Chatham",
    "Samoa": "Pacific/Apia",
    "International Date Line West": "Etc/GMT+12",
}
_PLACES = re.compile(
    r"(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/"
)
_OFFSET = re.compile(r"\s*\((?:GMT|UTC)[^)]*\)\s*")  # "(GMT+01:00) Warsaw"


def zone_of(name: str) -> str | None:
    """The zone that a helpdesk calls *name*, such as Europe/Warsaw; None for what we do not know."""
    bare = _OFFSET.sub("", name).strip()
    if bare in available_timezones():
        return bare
    return _NAMED.get(bare) or _cities().get(bare)


@functools.cache
def _cities() -> dict[str, str]:
    """The zones by their city; of several that are called so, the first by the alphabet."""
    known = sorted((one for one in available_timezones() if _PLACES.match(one)), reverse=True)
    return {one.rpartition("/")[2].replace("_", " "): one for one in known}
