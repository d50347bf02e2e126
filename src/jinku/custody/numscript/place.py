"""Where in a program something stands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a program's text: `line` and `column` count from 1, `start` and `end` are offsets."""

    line: int
    column: int
    start: int
    end: int

    def excerpt(self, text: str, characters_max: int = 80) -> str:
        """The stretch of `text` on one line, cut to `characters_max`."""
        words = " ".join(text[self.start : self.end].split())
        return words if len(words) <= characters_max else words[: characters_max - 1] + "…"


NOWHERE = Place(0, 0, 0, 0)
"""For what does not come from the program's text: a variable's value, an outside balance."""
