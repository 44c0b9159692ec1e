"""Labels stand until they end; contacts count each message once."""

from datetime import UTC, datetime, timedelta

from bridge.core.labels import MANY, WEEK, ages, contacts, labelled, labels, unlabelled

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_label_stands_until_its_time_is_over() -> None:
    kept, seconds = labelled(None, {"vip": 86400}, NOW)
    assert seconds == 86400
    assert set(labels(kept, NOW + DAY / 2)) == {"vip"}
    assert labels(kept, NOW + DAY) == {}


def test_given_again_it_stands_as_long_as_the_later_end() -> None:
    kept, _ = labelled(None, {"vip": 5 * 86400}, NOW)
    kept, seconds = labelled(kept, {"vip": 60, "press": 3600}, NOW)
    assert labels(kept, NOW) == {"vip": NOW + 5 * DAY, "press": NOW + DAY / 24}
    assert seconds == 5 * 86400


def test_a_label_is_taken_away_and_others_stay() -> None:
    kept, _ = labelled(None, {"vip": 60, "troll": 120}, NOW)
    kept, seconds = unlabelled(kept, "troll", NOW)
    assert (set(labels(kept, NOW)), seconds) == ({"vip"}, 60)
    kept, seconds = unlabelled(kept, "vip", NOW)
    assert (labels(kept, NOW), seconds) == ({}, 1)


def test_the_same_message_is_one_contact() -> None:
    kept = contacts(None, "a", NOW)
    kept = contacts(kept, "a", NOW)
    kept = contacts(kept, "b", NOW + DAY / 24)
    assert ages(kept, NOW + DAY / 24) == (1.0, 0.0)


def test_what_came_later_was_no_contact_yet() -> None:
    kept = contacts(contacts(None, "a", NOW), "b", NOW + DAY)
    assert ages(kept, NOW) == (0.0,)


def test_contacts_end_after_a_week_and_are_never_many() -> None:
    kept = contacts(None, "old", NOW)
    assert ages(contacts(kept, "new", NOW + timedelta(seconds=WEEK + 1)), NOW + 9 * DAY) == (
        48.0 - 1 / 3600,
    )
    for number in range(MANY + 20):
        kept = contacts(kept, str(number), NOW + timedelta(seconds=number))
    assert len(ages(kept, NOW + DAY)) == MANY
    assert len(kept) < 1500
