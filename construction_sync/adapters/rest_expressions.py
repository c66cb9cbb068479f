"""JMESPath as an administrator writes it: checked at save, bounded when it runs.

Numbers with a fraction stay ``Decimal`` from the answer to the canonical object; the
library knows floats only, so its type rules are widened here. Beside the functions of
the specification (jmespath.org) there are ``lower``, ``upper``, ``trim``, ``split``,
``replace`` and ``digits``.
"""

import json
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import jmespath
from jmespath import exceptions, functions, visitor

MAX_LENGTH = 1_000
#: pieces an expression may have, and values its result may hold
MAX_PIECES = 200
MAX_RESULT = 10_000


class ExpressionError(ValueError):
    """An expression that cannot be read or does not fit what it is given.

    ``words`` is a sentence for the administrator, ``position`` the character (from 1)
    where reading stopped, or None.
    """

    def __init__(self, words, position=None):
        super().__init__(words)
        self.words = words
        self.position = position


class _Functions(functions.Functions):
    """The specification's functions and a few that outside data asks for."""

    def _get_allowed_pytypes(self, types):
        allowed, inside = super()._get_allowed_pytypes(types)
        if "float" in allowed:
            allowed.append("Decimal")
        inside = [
            (*kinds, "Decimal") if "float" in kinds else kinds for kinds in inside
        ]
        return allowed, inside

    def _convert_to_jmespath_type(self, pyobject):
        if pyobject == "Decimal":
            return "number"
        return super()._convert_to_jmespath_type(pyobject)

    @functions.signature({"types": []})
    def _func_type(self, arg):
        if isinstance(arg, Decimal):
            return "number"
        return super()._func_type(arg)

    @functions.signature({"types": []})
    def _func_to_number(self, arg):
        if isinstance(arg, Decimal):
            return arg
        if isinstance(arg, str):
            try:
                found = Decimal(arg)
            except InvalidOperation:
                return None
            return found if found.is_finite() else None
        return super()._func_to_number(arg)

    @functions.signature({"types": []})
    def _func_to_string(self, arg):
        if isinstance(arg, Decimal):
            return format(arg, "f")
        return arg if isinstance(arg, str) else _as_text(arg)

    @functions.signature({"types": ["array-number"]})
    def _func_avg(self, arg):
        return sum(arg) / Decimal(len(arg)) if arg else None

    @functions.signature({"types": ["string"]})
    def _func_lower(self, arg):
        return arg.lower()

    @functions.signature({"types": ["string"]})
    def _func_upper(self, arg):
        return arg.upper()

    @functions.signature({"types": ["string"]})
    def _func_trim(self, arg):
        return arg.strip()

    @functions.signature({"types": ["string"]})
    def _func_digits(self, arg):
        return "".join(char for char in arg if char in "0123456789")

    @functions.signature({"types": ["string"]}, {"types": ["string"]})
    def _func_split(self, text, mark):
        return text.split(mark) if mark else [text]

    @functions.signature(
        {"types": ["string"]}, {"types": ["string"]}, {"types": ["string"]}
    )
    def _func_replace(self, text, old, new):
        return text.replace(old, new) if old else text


def _as_text(value):
    return json.dumps(
        value,
        separators=(",", ":"),
        ensure_ascii=False,
        default=lambda left: format(left, "f") if isinstance(left, Decimal) else "",
    )


_OPTIONS = visitor.Options(custom_functions=_Functions())


class Expression:
    """A compiled expression; ``text`` is how it was written."""

    __slots__ = ("_compiled", "text")

    def __init__(self, text, compiled):
        self.text = text
        self._compiled = compiled

    def __call__(self, value):
        """What the expression finds in ``value``, None for nothing.

        :raises ExpressionError: when a function is given what it does not take, or
            the result is too large
        """
        try:
            found = self._compiled.search(value, options=_OPTIONS)
        except exceptions.JMESPathTypeError as error:
            raise ExpressionError(
                f"{error.function_name}() was given {_kind_of(error.current_value)} "
                f"and takes {' or '.join(sorted(error.expected_types))}."
            ) from error
        except (exceptions.JMESPathError, ArithmeticError) as error:
            raise ExpressionError(_first_line(error)) from error
        except (TypeError, AttributeError, RecursionError) as error:
            raise ExpressionError("It does not fit the value it is given.") from error
        if isinstance(found, (list, dict)) and _pieces(found) > MAX_RESULT:
            raise ExpressionError(f"It finds more than {MAX_RESULT:,} values.")
        return found


@lru_cache(1024)
def compiled(text):
    """The expression ``text``.

    :raises ExpressionError: names what is wrong and where
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"It has more than {MAX_LENGTH:,} characters.")
    try:
        found = jmespath.compile(text)
    except exceptions.EmptyExpressionError as error:
        raise ExpressionError("It is empty.", 1) from error
    except exceptions.IncompleteExpressionError as error:
        raise ExpressionError(
            f"It ends too early, after character {len(text)}.", len(text)
        ) from error
    except exceptions.ParseError as error:
        position = (getattr(error, "lex_position", 0) or 0) + 1
        raise ExpressionError(
            f"At character {position}: “{_shown(error.token_value)}” is not expected "
            f"there.",
            position,
        ) from error
    except (exceptions.JMESPathError, RecursionError, ValueError) as error:
        raise ExpressionError(_first_line(error)) from error
    unknown = _unknown_functions(found.parsed)
    if unknown:
        position = text.find(unknown[0]) + 1
        raise ExpressionError(
            f"At character {position}: there is no function {unknown[0]}().", position
        )
    if _pieces(found.parsed) > MAX_PIECES * 8:
        raise ExpressionError("It has too many parts.")
    return Expression(text, found)


def _unknown_functions(node):
    found = []
    stack = [node]
    while stack:
        step = stack.pop()
        if isinstance(step, dict):
            if step.get("type") == "function_expression":
                name = step.get("value")
                if name not in _Functions.FUNCTION_TABLE:
                    found.append(name)
            stack.extend(step.get("children", ()))
    return found


def _pieces(value):
    """Values inside ``value``; counting stops a little above the limit."""
    count, stack = 0, [value]
    while stack and count <= MAX_RESULT:
        step = stack.pop()
        count += 1
        if isinstance(step, dict):
            stack.extend(step.values())
        elif isinstance(step, list):
            stack.extend(step)
    return count


def _kind_of(value):
    for kinds, words in (
        (bool, "true or false"),
        (str, "text"),
        ((int, float, Decimal), "a number"),
        (list, "a list"),
        (dict, "an object"),
    ):
        if isinstance(value, kinds):
            return words
    return "nothing"


def _shown(token):
    return str(token)[:40]


def _first_line(error):
    return str(error).partition("\n")[0][:200] or "It cannot be read."
