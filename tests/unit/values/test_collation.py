"""Collations: the order of words against a real server's, and the collation document."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import ErrorCode, ServerError
from satchel.values.collation import Collation, parse_collation
from satchel.values.locales import LOCALES, suggested_locale

from .recording import lines


def parsed(spec: dict[str, object]) -> Collation:
    collation = parse_collation(spec)
    assert collation is not None
    return collation


@pytest.mark.parametrize("line", lines("collation"), ids=lambda line: str(line["collation"]))
def test_words_sort_as_recorded(line: dict[str, object]) -> None:
    collation = parsed(line["collation"])  # type: ignore[arg-type]
    groups: list[list[str]] = line["order"]  # type: ignore[assignment]
    keys = [{collation.sort_key(word) for word in group} for group in groups]
    assert all(len(group_keys) == 1 for group_keys in keys)
    flat = [key for group_keys in keys for key in group_keys]
    assert flat == sorted(set(flat))


ascii_texts = st.text(st.characters(max_codepoint=127), max_size=8)


@settings(deadline=None, max_examples=300)
@given(ascii_texts, st.integers(1, 3))
def test_the_short_cut_for_ascii_agrees(text: str, strength: int) -> None:
    # The soft hyphen is ignored, but sends the text the long way.
    collation = Collation("en", strength=strength)
    assert collation.sort_key(text) == collation.sort_key(text + "\u00ad")


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=6), st.text(max_size=6))
def test_strengths_refine(left: str, right: str) -> None:
    equal = [
        Collation("en", strength=strength).sort_key(left) == Collation("en", strength=strength).sort_key(right)
        for strength in range(1, 6)
    ]
    assert equal == sorted(equal, reverse=True)


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"strength": 1}, ErrorCode.IDLFailedToParse),
        ({"locale": None}, ErrorCode.IDLFailedToParse),
        ({"locale": "en", "foo": 1}, ErrorCode.IDLUnknownField),
        ({"locale": "simple", "foo": 1}, ErrorCode.IDLUnknownField),
        ({"locale": 3}, ErrorCode.TypeMismatch),
        ({"locale": "en", "strength": "a"}, ErrorCode.TypeMismatch),
        ({"locale": "en", "caseLevel": 1}, ErrorCode.TypeMismatch),
        ({"locale": "en", "caseFirst": 1}, ErrorCode.TypeMismatch),
        ({"locale": "xx"}, ErrorCode.BadValue),
        ({"locale": ""}, ErrorCode.BadValue),
        ({"locale": "en-US"}, ErrorCode.BadValue),
        ({"locale": "en", "strength": 0}, ErrorCode.BadValue),
        ({"locale": "en", "strength": 6}, ErrorCode.BadValue),
        ({"locale": "en", "strength": -1}, ErrorCode.BadValue),
        ({"locale": "en", "caseFirst": "x"}, ErrorCode.BadValue),
        ({"locale": "en", "alternate": "x"}, ErrorCode.BadValue),
        ({"locale": "en", "maxVariable": "x"}, ErrorCode.BadValue),
        ({"locale": "en", "strength": 1, "caseFirst": "upper"}, ErrorCode.BadValue),
        ({"locale": "en", "strength": 1, "backwards": True}, ErrorCode.BadValue),
        ({"locale": "en", "version": "58"}, ErrorCode.IncompatibleCollationVersion),
        ("en", ErrorCode.TypeMismatch),
    ],
)
def test_bad_documents(spec: object, code: ErrorCode) -> None:
    with pytest.raises(ServerError) as error:
        parse_collation(spec)
    assert error.value.code == code


@pytest.mark.parametrize("spec", [{}, {"locale": "simple"}, {"locale": "simple", "strength": 2}])
def test_simple_is_none(spec: dict[str, object]) -> None:
    assert parse_collation(spec) is None


def test_spec_is_complete() -> None:
    assert parsed({"locale": "fr_CA", "strength": 2.7}).spec() == {
        "locale": "fr_CA",
        "caseLevel": False,
        "caseFirst": "off",
        "strength": 2,
        "numericOrdering": False,
        "alternate": "non-ignorable",
        "maxVariable": "punct",
        "normalization": False,
        "backwards": True,
        "version": "57.1",
    }
    assert parsed(parsed({"locale": "en"}).spec()) == Collation("en")


def test_long_numbers_in_order() -> None:
    collation = parsed({"locale": "en", "numericOrdering": True})
    keys = [collation.sort_key("9" * length) for length in (1, 2, 199, 200, 201, 400, 401)]
    assert keys == sorted(set(keys))


def test_locales() -> None:
    assert {"en", "de", "zh_Hant", "de@collation=phonebook"} <= LOCALES
    assert suggested_locale("en-us") == "en_US"
    assert suggested_locale("pt_BR") == "pt"
    assert suggested_locale("xx") is None


def test_every_locale_sorts_by_the_root_order() -> None:
    # Number 1 of docs/differences.md; in Swedish these stand behind z.
    swedish = parsed({"locale": "sv"})
    assert sorted(["z", "å", "ä", "b"], key=swedish.sort_key) == ["å", "ä", "b", "z"]
