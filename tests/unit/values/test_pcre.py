"""PCRE's patterns on Python's engine."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.values.pcre import PcreError, compile_pcre


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"\w+", "aé", "a"),
        (r"(?i)É", "é", "é"),
        (r"a\z", "a\n", None),
        (r"a\Z", "a\n", "a"),
        (r"x(?i)a|b", "B", "B"),
        (r"(?:x(?i)a)b", "xAB", None),
        (r"(?<n>a)(?P=n)\k{n}\g1\g{-1}", "aaaaa", "aaaaa"),
        (r"(?<=a|bc)d", "bcd", "d"),
        (r"[[:alpha:][:^space:]]+", "a1 ", "a1"),
        (r"[\p{L}\d&&~~||-]+", "é5&", "é5&"),
        (r"\Q.*\E", "a.*", ".*"),
        (r"(?x) a # comment" "\n b", "ab", "ab"),
        (r"\x{1f600}", "😀", "😀"),
        (r"(?U)a+", "aaa", "a"),
        (r"a{,2}", "aa", None),
    ],
)
def test_matches(pattern: str, text: str, found: str | None) -> None:
    match = compile_pcre(pattern).search(text)
    assert (match[0] if match else None) == found


@pytest.mark.parametrize(
    "pattern", ["(", ")", "[", "a**", "*", r"\y", r"\u0041", "[z-a]", "[[:no:]]", "(?<n>a)(?<n>b)", r"(a)\2"]
)
def test_malformed_patterns(pattern: str) -> None:
    with pytest.raises(PcreError) as caught:
        compile_pcre(pattern)
    assert not caught.value.unsupported


@pytest.mark.parametrize("pattern", ["(?R)", "(a)(?1)", r"a\Kb", "(?|(a)|(b))", "(*COMMIT)a", "(?C)a", r"\g{n}(?<n>a)"])
def test_what_the_engine_lacks_is_refused_as_such(pattern: str) -> None:
    with pytest.raises(PcreError) as caught:
        compile_pcre(pattern)
    assert caught.value.unsupported


def test_options() -> None:
    assert compile_pcre("^b$", "im").search("a\nB")
    assert compile_pcre("a.b", "s").search("a\nb")
    assert not compile_pcre("a.b").search("a\nb")
    assert compile_pcre("a b", "x").search("ab")


@given(st.text(max_size=20))
def test_escaped_text_matches_itself(text: str) -> None:
    quoted = text.replace("\\E", "E")
    assert compile_pcre(f"\\Q{quoted}\\E").fullmatch(quoted)
    assert compile_pcre(re.escape(text)).fullmatch(text)


@given(st.text("ab(){}[]*+?|^$.\\dwx0123:<>=!-#i", max_size=12))
def test_any_pattern_compiles_or_is_refused(pattern: str) -> None:
    message = "compiled"
    try:
        compile_pcre(pattern)
    except PcreError as error:
        message = error.message
    assert message
