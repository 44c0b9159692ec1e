"""When somebody is there again, as one says it: tomorrow at 9:00, on Monday at 9:00, in the language of the words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bridge.core.calendars import Calendar

LONGEST = 48  # characters of the longest
WEEK = 7  # from so many days on the date is said too


@dataclass(frozen=True, slots=True)
class _Tongue:
    """How a language tells a time; weekdays come with what stands before them, months as after a number."""

    today: str
    tomorrow: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    date: str
    at: str


def _words(text: str, cut: str = " ") -> tuple[str, ...]:
    return tuple(text.split(cut))


_TONGUES = {
    "en": _Tongue(
        today="today",
        tomorrow="tomorrow",
        weekdays=_words("on Monday|on Tuesday|on Wednesday|on Thursday|on Friday|on Saturday|on Sunday", "|"),
        months=_words("January February March April May June July August September October November December"),
        date="{weekday}, {day} {month},",
        at="{day} at {hour}:{minute:02}",
    ),
    "pl": _Tongue(
        today="dziś",
        tomorrow="jutro",
        weekdays=_words("w poniedziałek|we wtorek|w środę|w czwartek|w piątek|w sobotę|w niedzielę", "|"),
        months=_words("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"),
        date="{weekday}, {day} {month},",
        at="{day} o {hour}:{minute:02}",
    ),
    "de": _Tongue(
        today="heute",
        tomorrow="morgen",
        weekdays=_words("am Montag|am Dienstag|am Mittwoch|am Donnerstag|am Freitag|am Samstag|am Sonntag", "|"),
        months=_words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        date="{weekday}, dem {day}. {month},",
        at="{day} um {hour}:{minute:02} Uhr",
    ),
    "fr": _Tongue(
        today="aujourd’hui",
        tomorrow="demain",
        weekdays=_words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        months=_words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        date="{weekday} {day} {month}",
        at="{day} à {hour}h{minute:02}",
    ),
    "es": _Tongue(
        today="hoy",
        tomorrow="mañana",
        weekdays=_words("el lunes|el martes|el miércoles|el jueves|el viernes|el sábado|el domingo", "|"),
        months=_words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        date="{weekday} {day} de {month}",
        at="{day} a las {hour}:{minute:02}",
    ),
}  # fmt: skip

LANGUAGES = frozenset(_TONGUES)


def teller(calendar: Calendar, now: datetime) -> Callable[[str], str] | None:
    """What tells in a language when *calendar* opens; None while somebody is there, or never again."""
    opens = calendar.opens(now)
    if opens is None or opens == now:
        return None
    return lambda language: told(opens, now, calendar.zone, language)


def told(opens: datetime, now: datetime, zone: tzinfo, language: str) -> str:
    """*opens* as somebody says it *now* in *language*, by the clock of *zone*; digits alone in an unknown one."""
    there, here = opens.astimezone(zone), now.astimezone(zone)
    tongue = _TONGUES.get(language.partition("-")[0])
    if tongue is None:
        return f"{there:%Y-%m-%d %H:%M}"
    days = (there.date() - here.date()) // timedelta(days=1)
    weekday = tongue.weekdays[there.weekday()]
    if days < 2:
        day = tongue.tomorrow if days else tongue.today
    elif days < WEEK:
        day = weekday
    else:
        number = "1er" if language == "fr" and there.day == 1 else there.day
        day = tongue.date.format(weekday=weekday, day=number, month=tongue.months[there.month - 1])
    said = tongue.at.format(day=day, hour=there.hour, minute=there.minute)
    return said.replace("a las 1:", "a la 1:")
