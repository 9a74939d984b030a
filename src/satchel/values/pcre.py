r"""PCRE's regular expressions, which MongoDB speaks, compiled to Python's.

The dialects agree on most; this module translates where they do not: ASCII-only `\d \w \s \b`, options set in
mid-pattern, named groups, POSIX classes and Unicode properties, `\Q…\E`, `\h \R \z`, lookbehinds with branches of
different lengths, extended mode. What Python's engine cannot do at all (recursion, `\K`, branch reset, callouts) is
refused as such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NoReturn

from satchel.values import pcre_classes as classes


class PcreError(Exception):
    """A pattern that cannot be compiled.

    Args:
        message: What PCRE says of it, as near as we can.
        unsupported: The pattern may be right, but needs what this engine lacks.
    """

    def __init__(self, message: str, *, unsupported: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.unsupported = unsupported


@lru_cache(maxsize=512)
def compile_pcre(pattern: str, options: str = "") -> re.Pattern[str]:
    """Compile a pattern of PCRE with MongoDB's options (i, m, s, x; u is always on).

    Groups keep their numbers and lose their names.

    Raises:
        PcreError: The pattern is malformed, or beyond what Python's engine can do.
    """
    translated = _Translator(pattern, frozenset(options)).translate()
    try:
        return re.compile(translated, re.IGNORECASE if "i" in options else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise PcreError(_MESSAGES.get(str(error).split(" at position")[0], str(error))) from error


_MESSAGES: Final = {
    "nothing to repeat": "quantifier does not follow a repeatable item",
    "multiple repeat": "quantifier does not follow a repeatable item",
    "look-behind requires fixed-width pattern": "lookbehind assertion is not fixed length",
    "min repeat greater than max repeat": "numbers out of order in {} quantifier",
}

_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})[+?]?")
_MULTILINE_ANCHORS: Final = ("(?m:^)", "(?m:$)")
_BRACE_LIMIT: Final = 65_535
_NAME: Final = r"[A-Za-z_]\w*"
_OPEN_NAMED: Final = re.compile(rf"\?(?:P?<({_NAME})>|'({_NAME})')")
_NAME_REFERENCE: Final = re.compile(rf"(?:<({_NAME})>|'({_NAME})'|\{{({_NAME})\}})")
_GROUP_REFERENCE: Final = re.compile(r"(?:\{([+-]?[0-9]+)\}|([+-]?[0-9]+))")
_OPTION_SETTING: Final = re.compile(r"\?(\^?)([imsxnUJ]*)(?:-([imsxnUJ]*))?([:)])")
_CONDITION: Final = re.compile(rf"\?\((?:([0-9]+)|<({_NAME})>|'({_NAME})'|({_NAME}))\)")
_START_VERB: Final = re.compile(r"\(\*(UTF8?|UCP|CRLF|CR|LF|ANYCRLF|ANY|BSR_\w+|NO_\w+|LIMIT_\w+=\d+)\)")
_UNSUPPORTED_GROUP: Final = re.compile(r"\?(?:R|[+-]?[0-9]|&|P>|\||C|\()|\*")
_POSIX: Final = re.compile(r"\[:(\^?)([a-z]*):\]")
_PROPERTY: Final = re.compile(r"\{(\^?)([\w& ]+)\}|([A-Z])")
_COLLATING: Final = re.compile(r"\[([.=])[^\]]*\1\]")

_CHARACTER_ESCAPES: Final = {"a": 0x07, "e": 0x1B, "f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09}
_CLASS_ESCAPES: Final = {
    "d": classes.DIGIT,
    "w": classes.WORD,
    "s": classes.SPACE,
    "h": classes.HORIZONTAL,
    "v": classes.VERTICAL,
}
_ASSERTION_ESCAPES: Final = {
    "A": r"\A",
    "Z": r"(?=\n?\Z)",
    "z": r"\Z",
    "R": "(?>\r\n|[\n-\r\x85\u2028\u2029])",
    "N": r"[^\n]",
}


@dataclass(slots=True)
class _Group:
    """An open group.

    Attributes:
        close: What its closing parenthesis becomes.
        branch: What `|` becomes, between its branches.
        options: The options in force when it opened.
        scoped: Whether a `(?i:` or `(?-i:` of ours is open in it.
    """

    close: str = ")"
    branch: str = "|"
    options: frozenset[str] = frozenset()
    scoped: bool = False


@dataclass(slots=True)
class _Reference:
    """A back reference, by name or by number, or a condition on a group (`groups_before` is None).

    Its name may be given to a group only later in the pattern.
    """

    name: str | None
    number: int
    groups_before: int | None = None


@dataclass(slots=True)
class _Translator:
    pattern: str
    options: frozenset[str]
    position: int = 0
    groups: int = 0
    unicode_classes: bool = False
    names: dict[str, int] = field(default_factory=dict)
    open: list[_Group] = field(default_factory=list)
    output: list[str | _Reference] = field(default_factory=list)

    def translate(self) -> str:
        self.open.append(_Group(close="", options=self.options))
        while match := _START_VERB.match(self.pattern, self.position):
            self.unicode_classes |= match[1] == "UCP"
            self.position = match.end()
        while self.position < len(self.pattern):
            self._item()
        if len(self.open) > 1:
            raise PcreError("missing closing parenthesis")
        self._end_scope()
        return "".join(piece if isinstance(piece, str) else self._resolve(piece) for piece in self.output)

    def _item(self) -> None:
        character = self.pattern[self.position]
        if character in _SPECIAL:
            self.position += 1
            _SPECIAL[character](self)
        elif "x" in self.options and (character.isspace() or character == "#"):
            self._skip_extended(character)
        elif match := _QUANTIFIER.match(self.pattern, self.position):
            self._quantifier(match)
        else:
            self.position += 1
            self.output.append(re.escape(character))

    def _skip_extended(self, character: str) -> None:
        end = self.pattern.find("\n", self.position) + 1 if character == "#" else self.position + 1
        self.position = end or len(self.pattern)

    def _quantifier(self, match: re.Match[str]) -> None:
        text = match[0]
        if any(int(number) > _BRACE_LIMIT for number in re.findall("[0-9]+", text)):
            raise PcreError("number too big in {} quantifier")
        if self.output and self.output[-1] in _MULTILINE_ANCHORS:
            raise PcreError("quantifier does not follow a repeatable item")
        if "U" in self.options and (len(text) == 1 or text[-1] != "+"):
            text = text[:-1] if text[-1] == "?" and len(text) > 1 else text + "?"
        self.position = match.end()
        self.output.append(text)

    # Groups

    def _open_group(self) -> None:
        if match := _OPEN_NAMED.match(self.pattern, self.position):
            self._name_group(match)
        elif match := _OPTION_SETTING.match(self.pattern, self.position):
            self._set_options(match)
        elif match := _CONDITION.match(self.pattern, self.position):
            self._push(match, "(?(", _Reference(match[2] or match[3] or match[4], int(match[1] or 0)), ")")
        elif self.pattern.startswith("?#", self.position):
            end = self.pattern.find(")", self.position)
            if end < 0:
                raise PcreError("missing ) after (?# comment")
            self.position = end + 1
        elif self.pattern.startswith(("?", "*"), self.position):
            self._open_special_group()
        elif "n" in self.options:
            self._push(None, "(?:")
        else:
            self.groups += 1
            self._push(None, "(")

    def _name_group(self, match: re.Match[str]) -> None:
        name = match[1] or match[2]
        if name in self.names and "J" not in self.options:
            raise PcreError("two named subpatterns have the same name (PCRE2_DUPNAMES not set)")
        self.groups += 1
        self.names.setdefault(name, self.groups)
        self._push(match, "(")

    def _open_special_group(self) -> None:
        rest = self.pattern[self.position : self.position + 3]
        for opening in ("?:", "?=", "?!", "?>"):
            if rest.startswith(opening):
                self.position += 2
                self._push(None, f"({opening}")
                return
        if rest == "?<=":  # Python wants one length for all branches, so each gets a lookbehind of its own
            self.position += 3
            self._push(None, "(?:(?<=", group=_Group("))", ")|(?<=", self.options))
        elif rest == "?<!":
            self.position += 3
            self._push(None, "(?:(?<!", group=_Group("))", ")(?<!", self.options))
        elif rest.startswith("?P="):
            self.position += 3
            end = self.pattern.find(")", self.position)
            self._refer(_Reference(self.pattern[self.position : end], 0))
            self.position = end + 1
        else:
            self._refuse_group()

    def _refuse_group(self) -> NoReturn:
        if _UNSUPPORTED_GROUP.match(self.pattern, self.position):
            text = self.pattern[self.position - 1 : self.position + 3]
            raise PcreError(f"'{text}' in a regular expression is not supported", unsupported=True)
        if self.pattern.startswith(("?<", "?P<", "?'"), self.position):
            raise PcreError("subpattern name expected")
        raise PcreError("unrecognized character after (? or (?-")

    def _push(self, match: re.Match[str] | None, *opening: str | _Reference, group: _Group | None = None) -> None:
        if match is not None:
            self.position = match.end()
        self.output += opening
        self.open.append(group or _Group(options=self.options))

    def _set_options(self, match: re.Match[str]) -> None:
        reset, switched_on, switched_off, end = match.groups()
        before = self.options
        self.position = match.end()
        if end == ":":
            self._push(None, "(?:")
        kept = before - set("imsxn") if reset else before
        self.options = (kept | set(switched_on)) - set(switched_off or "")
        if ("i" in self.options) != ("i" in before):
            self._end_scope()
            self._begin_scope()

    def _begin_scope(self) -> None:
        """Open a group with the right case option, if it is not the one of the enclosing group."""
        group = self.open[-1]
        if ("i" in self.options) != ("i" in group.options):
            self.output.append("(?i:" if "i" in self.options else "(?-i:")
            group.scoped = True

    def _end_scope(self) -> None:
        if self.open[-1].scoped:
            self.output.append(")")
            self.open[-1].scoped = False

    def _alternative(self) -> None:
        self._end_scope()
        self.output.append(self.open[-1].branch)
        self._begin_scope()

    def _close_group(self) -> None:
        if len(self.open) == 1:
            raise PcreError("unmatched closing parenthesis")
        self._end_scope()
        group = self.open.pop()
        self.options = group.options
        self.output.append(group.close)

    def _resolve(self, reference: _Reference) -> str:
        number = self.names.get(reference.name, 0) if reference.name is not None else reference.number
        if not 1 <= number <= self.groups:
            raise PcreError("reference to non-existent subpattern")
        if reference.groups_before is not None and number > reference.groups_before:
            raise PcreError("a reference to a group that follows is not supported", unsupported=True)
        return str(number)

    # Escapes

    def _escape(self) -> None:
        if self.position >= len(self.pattern):
            raise PcreError("\\ at end of pattern")
        letter = self.pattern[self.position]
        self.position += 1
        if letter in _ASSERTION_ESCAPES:
            self.output.append(_ASSERTION_ESCAPES[letter])
        elif letter in "bB":
            self.output.append(f"\\{letter}" if self.unicode_classes else f"(?a:\\{letter})")
        elif letter == "Q":
            self.output.append(re.escape(self._quoted()))
        elif letter in "kg":
            self._reference(letter)
        elif letter.isdigit():
            self._number()
        elif letter == "X":
            marks = classes.text_of(classes.property_ranges("M") or ())
            self.output.append(f"(?>\r\n|[^{marks}][{marks}]*|[{marks}]+)")
        elif (ranges := self._class_escape(letter)) is not None:
            text = f"[{classes.text_of(ranges)}]"  # to a property, unlike to a range, the case option does not matter
            self.output.append(f"(?-i:{text})" if letter in "pP" and "i" in self.options else text)
        elif letter != "E":
            self.output.append(re.escape(chr(self._character(letter))))

    def _quoted(self) -> str:
        end = self.pattern.find("\\E", self.position)
        text = self.pattern[self.position : end if end >= 0 else None]
        self.position = end + 2 if end >= 0 else len(self.pattern)
        return text

    def _reference(self, letter: str) -> None:
        if match := _NAME_REFERENCE.match(self.pattern, self.position):
            reference = _Reference(match[1] or match[2] or match[3], 0)
        elif letter == "g" and (match := _GROUP_REFERENCE.match(self.pattern, self.position)):
            text = match[1] or match[2]
            number = int(text)
            if text[0] in "+-":
                number += self.groups + (number < 0)
            reference = _Reference(None, number)
        else:
            raise PcreError(f"\\{letter} is not followed by a name or number")
        self.position = match.end()
        self._refer(reference)

    def _refer(self, reference: _Reference) -> None:
        reference.groups_before = self.groups
        self.output += ["(?:\\", reference, ")"]

    def _number(self) -> None:
        """Read a back reference, or an octal character code."""
        digits = re.compile("[0-9]+").match(self.pattern, self.position - 1)
        assert digits is not None
        text = digits[0]
        if text[0] != "0" and (int(text) < 10 or int(text) <= self.groups or text[0] in "89"):
            self.position = digits.end()
            self._refer(_Reference(None, int(text)))
        else:
            self.output.append(re.escape(chr(self._octal(text))))

    def _octal(self, digits: str) -> int:
        octal = re.match("[0-7]{1,3}", digits)
        assert octal is not None
        self.position += octal.end() - 1
        return int(octal[0], 8)

    def _class_escape(self, letter: str) -> classes.Ranges | None:
        r"""Return the set of a `\d`, `\H`, `\p{L}`, or None for any other letter."""
        if letter in "pP":
            return self._property(letter == "P")
        lower = letter.lower()
        if lower not in _CLASS_ESCAPES:
            return None
        ranges = _CLASS_ESCAPES[lower]
        if self.unicode_classes and lower in _UNICODE_CLASSES:
            ranges = classes.property_ranges(_UNICODE_CLASSES[lower]) or ()
        return ranges if letter == lower else classes.complement(ranges)

    def _property(self, negated: bool) -> classes.Ranges:
        match = _PROPERTY.match(self.pattern, self.position)
        if match is None:
            raise PcreError("malformed \\P or \\p sequence")
        self.position = match.end()
        ranges = classes.property_ranges(match[2] or match[3])
        if ranges is None:
            raise PcreError("unknown property after \\P or \\p")
        return classes.complement(ranges) if negated != bool(match[1]) else ranges

    def _character(self, letter: str) -> int:
        """Return the code point that an escape stands for; its letter has been read."""
        if letter in _CHARACTER_ESCAPES:
            return _CHARACTER_ESCAPES[letter]
        if letter in "xo":
            return self._code(letter)
        if letter == "c" and self.position < len(self.pattern):
            self.position += 1
            return ord(self.pattern[self.position - 1].upper()) ^ 0x40
        if letter in "KGC":
            raise PcreError(f"\\{letter} in a regular expression is not supported", unsupported=True)
        if letter in "FLlUu":
            raise PcreError("PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u")
        if letter.isascii() and letter.isalnum():
            raise PcreError("unrecognized character follows \\")
        return ord(letter)

    def _code(self, letter: str) -> int:
        braced = re.compile(r"\{([0-9a-fA-F]+)\}").match(self.pattern, self.position)
        match = braced or re.compile("([0-9a-fA-F]{0,2})").match(self.pattern, self.position)
        assert match is not None
        self.position = match.end()
        code = int(match[1] or "0", 16 if letter == "x" else 8)
        if code > 0x10FFFF:
            raise PcreError("character code point value in \\x{} or \\o{} is too large")
        return code

    # Character classes

    def _class(self) -> None:
        if _POSIX.match(self.pattern, self.position - 1):
            raise PcreError("POSIX named classes are supported only within a class")
        negated = self.pattern.startswith("^", self.position)
        self.position += negated
        pieces: list[str] = []
        first = True
        while first or not self.pattern.startswith("]", self.position):
            pieces.append(self._class_item())
            first = False
        self.position += 1
        self.output.append(f"[{'^' if negated else ''}{''.join(pieces)}]")

    def _class_item(self) -> str:
        start = self._class_member()
        range_follows = self.pattern.startswith("-", self.position) and not self.pattern.startswith("-]", self.position)
        if isinstance(start, str) or not range_follows:
            return start if isinstance(start, str) else classes.text_of([(start, start)])
        self.position += 1
        end = self._class_member()
        if isinstance(end, str):
            raise PcreError("invalid range in character class")
        if end < start:
            raise PcreError("range out of order in character class")
        return classes.text_of([(start, end)])

    def _class_member(self) -> int | str:
        """Read one character of a class and return its code point, or a set and return it as text."""
        if self.position >= len(self.pattern):
            raise PcreError("missing terminating ] for character class")
        if match := _POSIX.match(self.pattern, self.position):
            self.position = match.end()
            if match[2] not in classes.POSIX:
                raise PcreError("unknown POSIX class name")
            ranges = classes.POSIX[match[2]]
            return classes.text_of(classes.complement(ranges) if match[1] else ranges)
        if _COLLATING.match(self.pattern, self.position):
            raise PcreError("POSIX collating elements are not supported")
        character = self.pattern[self.position]
        self.position += 1
        return ord(character) if character != "\\" else self._class_member_escape()

    def _class_member_escape(self) -> int | str:
        if self.position >= len(self.pattern):
            raise PcreError("\\ at end of pattern")
        letter = self.pattern[self.position]
        self.position += 1
        if letter in "QE":
            quoted = self._quoted() if letter == "Q" else ""
            return classes.text_of((ord(character), ord(character)) for character in quoted)
        if letter == "b":
            return 0x08
        if letter in "01234567":
            return self._octal(self.pattern[self.position - 1 : self.position + 2])
        ranges = self._class_escape(letter)
        return classes.text_of(ranges) if ranges is not None else self._character(letter)

    # Single characters

    def _dot(self) -> None:
        self.output.append("(?s:.)" if "s" in self.options else ".")

    def _caret(self) -> None:
        self.output.append(_MULTILINE_ANCHORS[0] if "m" in self.options else "^")

    def _dollar(self) -> None:
        self.output.append(_MULTILINE_ANCHORS[1] if "m" in self.options else "$")


_UNICODE_CLASSES: Final = {"d": "Nd", "w": "Xwd", "s": "Xsp"}

_SPECIAL: Final = {
    "(": _Translator._open_group,
    ")": _Translator._close_group,
    "|": _Translator._alternative,
    "[": _Translator._class,
    "\\": _Translator._escape,
    ".": _Translator._dot,
    "^": _Translator._caret,
    "$": _Translator._dollar,
}
