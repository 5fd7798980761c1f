"""A pseudo-translation of every text that is marked for translation, and the words of a page that it left out.

It needs neither extracted texts nor GNU gettext: it replaces the ASCII letters of each text that the code translates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from gettext import NullTranslations
from html.parser import HTMLParser

from django.http import HttpResponse

LANGUAGE = "en"
# What a translator does not change: parameters, tags and entities.
KEPT = re.compile(r"(%\(\w+\)[a-z]|%[a-z%]|{\w*}|<[^>]*>|&#?\w+;)")
LETTERS = str.maketrans(
    {letter: chr(ord(letter) + 0xFEE0) for letter in map(chr, range(128)) if letter.isalpha()}
)
READ_ATTRIBUTES = ("title", "placeholder", "aria-label", "alt", "summary")
NOT_READ = ("script", "style", "code")
# Data: URLs, course keys, names of settings and commands.
DATA = re.compile(
    r"https?://\S+|(?:course|ccx)-v1:\S+|[A-Z]+_[A-Z_]+(?:\['\w+'\])*|manage\.py lms \S+(?: --\S+)*"
)
WORD = re.compile(r"[A-Za-z]{2,}")


def pseudo(message: str) -> str:
    """Return the text with full-width letters, and with its parameters."""
    text = message.rpartition("\x04")[2]  # without the context
    return "".join(part if n % 2 else part.translate(LETTERS) for n, part in enumerate(KEPT.split(text)))


class PseudoTranslations(NullTranslations):
    """Stands for the catalogs of all applications."""

    def gettext(self, message: str) -> str:
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo(msgid1 if n == 1 else msgid2)

    def language(self) -> str:
        return LANGUAGE

    to_language = language


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._ignored = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._ignored += tag in NOT_READ
        values = dict(attrs)
        self.found += [values[name] or "" for name in READ_ATTRIBUTES if name in values]
        if tag == "input" and values.get("type") in ("submit", "button"):
            self.found.append(values.get("value") or "")
        if "data-texts" in values:
            self.found += [KEPT.sub("", text) for text in json.loads(values["data-texts"] or "{}").values()]

    def handle_endtag(self, tag: str) -> None:
        self._ignored -= tag in NOT_READ

    def handle_data(self, data: str) -> None:
        if not self._ignored:
            self.found.append(data)


def untranslated(response: HttpResponse, data: frozenset[str]) -> Iterator[str]:
    """Yield each text of a page that has a word in ASCII letters, without the words of the data."""
    texts = _Texts()
    texts.feed(response.content.decode())
    for text in texts.found:
        rest = DATA.sub("", text)
        if set(WORD.findall(rest)) - data:
            yield " ".join(text.split())
