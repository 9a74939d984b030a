"""String expressions with patterns: the `$regex…` family, `$replaceOne`, `$replaceAll`, `$split`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from bson import Regex

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.expression import Expression, is_nullish, unite
from satchel.mql.expressions.registry import (
    ABSENT,
    Absent,
    Parser,
    Signature,
    apply_named,
    declare,
    named_operator,
    operator,
)
from satchel.mql.expressions.string_values import is_string
from satchel.mql.expressions.value_text import regex_options, value_text
from satchel.values.bson_types import BsonValue, Document, Field, type_name
from satchel.values.numbers import narrow
from satchel.values.pcre import PcreError, compile_pcre

_OPTIONS: Final = frozenset("imsxu")
_REPLACE: Final = {"input": 51749, "find": 51748, "replacement": 51747}
_Compute: TypeAlias = Callable[[Field, Field, Field], Field]


def _pattern_operator(name: str) -> Callable[[_Compute], _Compute]:
    """Declare an operator that looks for a pattern: it is never folded, but a constant pattern must be right."""
    signature = Signature(name, {"input": 31022, "regex": 31023}, ("options",), 51103, 31024)

    def register(function: _Compute) -> _Compute:
        def parse(operand: BsonValue, parser: Parser) -> Expression:
            given = parser.named(signature, operand)
            order = [given.get(argument) for argument in signature.arguments]
            expression = unite(apply_named(function, order), list(given.values()))
            if expression.failure is not None or not parser.optimises:
                return expression
            return replace(expression, failure=_pattern_failure(name, *order[1:]))

        declare(name, function, parse)
        return function

    return register


def _pattern_failure(name: str, regex: Expression | None, options: Expression | None) -> ServerError | None:
    """Return what is wrong with a pattern and options that are constants."""
    if regex is None or not regex.is_constant or (options is not None and not options.is_constant):
        return None
    try:
        _arguments(name, None, regex.value, ABSENT if options is None else options.value)
    except ServerError as error:
        return error
    return None


@_pattern_operator("$regexMatch")
def regex_match(text: Field, regex: Field, options: Field) -> Field:
    """Tell whether a pattern is found in a string; false when either is null or missing.

    Raises:
        ServerError: location 51104 to 51111 for bad arguments.

    Reference:
        MongoDB manual, "$regexMatch".
    """
    pattern, string = _arguments("$regexMatch", text, regex, options)
    return pattern is not None and string is not None and pattern.search(string) is not None


@_pattern_operator("$regexFind")
def regex_find(text: Field, regex: Field, options: Field) -> Field:
    """Return the first place where a pattern is found, as `{match, idx, captures}`, or null.

    Raises:
        ServerError: location 51104 to 51111 for bad arguments.

    Reference:
        MongoDB manual, "$regexFind".
    """
    pattern, string = _arguments("$regexFind", text, regex, options)
    if pattern is None or string is None:
        return None
    match = pattern.search(string)
    return None if match is None else _found(match)


@_pattern_operator("$regexFindAll")
def regex_find_all(text: Field, regex: Field, options: Field) -> Field:
    """Return all places where a pattern is found, each as `{match, idx, captures}`.

    Raises:
        ServerError: location 51104 to 51111 for bad arguments.

    Reference:
        MongoDB manual, "$regexFindAll".
    """
    pattern, string = _arguments("$regexFindAll", text, regex, options)
    if pattern is None or string is None:
        return []
    return [_found(match) for match in _matches_before_end(pattern, string)]


@named_operator("$replaceOne", required=_REPLACE, not_object=51751, unknown=51750, folds=False)
def replace_one(text: Field, find: Field, replacement: Field) -> Field:
    """Replace the first place where a substring or a pattern is found; null when an argument is null or missing.

    Raises:
        ServerError: location 10503902 to 10503904 for an argument of another type, location 51111 for a bad pattern.

    Reference:
        MongoDB manual, "$replaceOne".
    """
    return _replace("$replaceOne", text, find, replacement, 1)


@named_operator("$replaceAll", required=_REPLACE, not_object=51751, unknown=51750, folds=False)
def replace_all(text: Field, find: Field, replacement: Field) -> Field:
    """Replace every place where a substring or a pattern is found; null when an argument is null or missing.

    Raises:
        ServerError: location 10503902 to 10503904 for an argument of another type, location 51111 for a bad pattern.

    Reference:
        MongoDB manual, "$replaceAll".
    """
    return _replace("$replaceAll", text, find, replacement, -1)


@operator("$split", minimum=2, maximum=2)
def split(text: Field, separator: Field) -> Field:
    """Return the parts of a string between separators; the captures of a pattern stand between them.

    Raises:
        ServerError: location 40085 to 40087 for bad arguments, location 51111 for a bad pattern.

    Reference:
        MongoDB manual, "$split".
    """
    if is_nullish(text) or is_nullish(separator):
        return None
    if not is_string(text):
        found = f"found: {type_name(text)}"
        raise ServerError(
            40085, f"$split requires an expression that evaluates to a string as a first argument, {found}"
        )
    if isinstance(separator, Regex):
        return _split_by_pattern(text, _compiled("$split", separator.pattern, regex_options(separator)))
    if not is_string(separator):
        message = "$split requires an expression that evaluates to a string or regular expression as a second argument"
        raise ServerError(40086, f"{message}, found: {type_name(separator)}")
    if not separator:
        raise ServerError(40087, "$split requires a non-empty separator")
    return text.split(separator)


def _split_by_pattern(text: str, pattern: re.Pattern[str]) -> list[Field]:
    parts: list[Field] = []
    position = 0
    for match in _matches(pattern, text):
        parts.append(text[position : match.start()])
        parts.extend(match.groups(""))
        position = match.end()
    parts.append(text[position:])
    return parts


def _arguments(name: str, text: Field, regex: Field, options: Field) -> tuple[re.Pattern[str] | None, str | None]:
    """Check the arguments of a `$regex…` operator; a pattern or a string that is null or missing becomes None."""
    string = None if is_nullish(text) else text
    if string is not None and not is_string(string):
        raise ServerError(51104, f"{name} needs 'input' to be of type string")
    pattern = None if is_nullish(regex) else regex
    if pattern is not None and not isinstance(pattern, Regex) and not is_string(pattern):
        raise ServerError(51105, f"{name} needs 'regex' to be of type string or regex")
    letters = _option_letters(name, pattern, options)
    if "\0" in letters:
        raise ServerError(51110, f"{name}: regular expression options cannot contain an embedded null byte")
    if pattern is None:
        return None, string
    source = pattern.pattern if isinstance(pattern, Regex) else pattern
    if "\0" in source:
        raise ServerError(51109, f"{name}: regular expression cannot contain an embedded null byte")
    return _compiled(name, source, _checked_options(name, letters)), string


def _option_letters(name: str, pattern: Field, options: Field) -> str:
    own = regex_options(pattern) if isinstance(pattern, Regex) else ""
    if options is ABSENT or is_nullish(options):
        return own
    if not is_string(options):
        raise ServerError(51106, f"{name} needs 'options' to be of type string")
    if own:
        raise ServerError(51107, f"{name}: found regex option(s) specified in both 'regex' and 'option' fields")
    return options


def _checked_options(name: str, letters: str) -> str:
    for letter in letters:
        if letter not in _OPTIONS:
            raise ServerError(51108, f"{name} invalid flag in regex options: {letter}")
    return letters


def _compiled(name: str, pattern: str, options: str) -> re.Pattern[str]:
    try:
        return compile_pcre(pattern, options)
    except PcreError as error:
        code = ErrorCode.NotImplemented if error.unsupported else 51111
        raise ServerError(code, f"Invalid Regex in {name}: {error.message}") from error


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Find one match after the other; unlike `re.finditer`, an empty one is followed by the next character."""
    position = 0
    while position <= len(text) and (match := pattern.search(text, position)) is not None:
        yield match
        position = match.end() + (match.end() == match.start())


def _matches_before_end(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Find matches as `_matches` does, but look for none from the end of the text on, unless it is empty."""
    for match in _matches(pattern, text):
        yield match
        if match.end() + (match.end() == match.start()) >= len(text):
            return


def _found(match: re.Match[str]) -> Document:
    return {"match": match[0], "idx": narrow(match.start()), "captures": list(match.groups())}


def _replace(name: str, text: Field, find: Field, replacement: Field, count: int) -> Field:
    string = _string_argument(text, 10503904, f"{name} requires that 'input' be a string")
    wanted = find
    if not isinstance(find, Regex):
        wanted = _string_argument(find, 10503903, f"{name} requires that 'find' be a string or regular expression")
    new = _string_argument(replacement, 10503902, f"{name} requires that 'replacement' be a string")
    if string is None or wanted is None or new is None:
        return None
    if isinstance(wanted, str):
        return string.replace(wanted, new, count)
    assert isinstance(wanted, Regex)
    pattern = _compiled(name, wanted.pattern, regex_options(wanted))
    pieces: list[str] = []
    position = 0
    for match in _matches(pattern, string):
        pieces += [string[position : match.start()], new]
        position = match.end()
        if count == 1:
            break
    return "".join([*pieces, string[position:]])


def _string_argument(value: Field | Absent, code: int, message: str) -> str | None:
    if is_nullish(value):
        return None
    if not is_string(value):
        raise ServerError(code, f"{message}, found: {value_text(value)}")
    return value
