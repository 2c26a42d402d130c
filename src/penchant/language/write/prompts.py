"""Prompts are files with versions: a head of `key: value` lines, an empty line, then the words with `{text}`.

    version: 1
    options: calm, tense, funny        (without: free words)
    most: 1                            (how many of the options)

    {text}

    The mood of this is

`options: catalogue` takes the catalogue's own categories. The last line is what a model on this machine goes
on from, and by it alone it measures how likely an option is anyway.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Self

from penchant.data.catalogue import Catalogue
from penchant.data.roles import roles
from penchant.errors import SettingError
from penchant.language.describe import words

PLACE = "{text}"
OWN = "catalogue"
FEWEST, MOST = 5, 200
"""Items that must share a category of the catalogue, and categories, the most frequent first, as options."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked of a text, in words; `name` is also the name of the column that the answer fills."""

    name: str
    version: str
    body: str
    options: tuple[str, ...] = ()
    most: int = 1

    @property
    def mark(self) -> str:
        """Name, version and a hash of the whole, so that a changed prompt is another one."""
        whole = repr((self.body, self.options, self.most))
        return f"{self.name} {self.version} {blake2b(whole.encode(), digest_size=8).hexdigest()}"

    @classmethod
    def parse(cls, name: str, content: str, place: str) -> Self:
        """Read a prompt from the text of its file. Raises SettingError for the `place`."""
        head, _, body = content.strip().replace("\r\n", "\n").partition("\n\n")
        lines = [line.partition(":") for line in head.splitlines()]
        said = {key.strip(): value.strip() for key, _, value in lines}
        strange = set(said) - {"version", "options", "most"}
        if "version" not in said or strange or PLACE not in body:
            wrong = f"an unknown line {min(strange)!r}" if strange else f"no version, or no {PLACE}"
            raise SettingError(
                f"{place}: this prompt has {wrong}",
                hint="a line `version: 1`, an empty line, then words with {text} in them",
            )
        options = tuple(dict.fromkeys(filter(None, (o.strip() for o in said.get("options", "").split(",")))))
        most = said.get("most", "1")
        if not most.isdecimal() or int(most) < 1:
            raise SettingError(f"{place}: most: {most}", hint="a number of options, 1 or more")
        return cls(name, said["version"], body, options, int(most))

    def fill(self, text: str) -> str:
        """Return the prompt for one text."""
        return self.body.replace(PLACE, text)

    def offering(self, catalogue: Catalogue) -> "Prompt":
        """Return the prompt with the catalogue's own categories where it asks for them."""
        if self.options != (OWN,):
            return self
        options = own_words(catalogue)
        if len(options) < 2:
            raise SettingError(
                f"the prompt {self.name} wants the catalogue's categories, and it has none that "
                f"{FEWEST} items share",
                hint="name the options in the prompt's file",
            )
        return replace(self, options=options)


def own_words(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the categories and tags that items share, the most frequent first, then by name."""
    count: Counter[str] = Counter()
    for column, role in roles(catalogue).items():
        if role in ("category", "multi"):
            for cell in words(catalogue.table[column]):
                count.update(set(cell.split(", ")) - {""})
    found = sorted((-n, word) for word, n in count.items() if n >= FEWEST)
    return tuple(word for _, word in found[:MOST])


def load_prompts(names: Sequence[str], folder: Path | None = None) -> Mapping[str, Prompt]:
    """Read prompts by name: from `folder` where it has NAME.txt, else those of the package.

    Raises:
        SettingError: a folder without any of them, or a file that is no prompt.
    """
    if folder is not None and not any((folder / f"{name}.txt").is_file() for name in names):
        wanted = ", ".join(f"{name}.txt" for name in names)
        raise SettingError(f"{folder}: holds none of {wanted}", hint="begin with a copy of the package's own")
    found = {}
    for name in names:
        own = folder / f"{name}.txt" if folder is not None else None
        if own is not None and own.is_file():
            try:
                content = own.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise SettingError(f"{own}: the prompt cannot be read ({error})") from error
            found[name] = Prompt.parse(name, content, str(own))
        else:
            inside = files("penchant.language.write") / "prompts" / f"{name}.txt"
            found[name] = Prompt.parse(name, inside.read_text(encoding="utf-8"), f"{name}.txt")
    return found
