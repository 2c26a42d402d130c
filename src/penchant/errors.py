"""The tree of errors. Each message says where and what to do; the command line exits with 2 on all of them.

PenchantError
├── InputError           something the caller gave cannot be used
│   ├── TableError       a file or a column of a table
│   ├── UnknownIdError   an id that no table holds
│   └── SettingError     an option or a setting outside its range
├── BundleError          a model folder is missing, damaged, or of another format
├── SourceError          a public data set could not be fetched, or is not the one expected
├── LanguageError        a language model could not be loaded or did not answer
└── JournalError         the journal of a service could not be opened, read or written
    ├── BusyError        more is handed over than can be kept just now: try again in a moment
    └── AnsweredError    a request of this idempotency key was answered within a day
"""


class PenchantError(Exception):
    """Anything that Penchant refuses; `hint` tells the way out."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\n  hint: {self.hint}" if self.hint else message


class InputError(PenchantError):
    """Something the caller gave cannot be used."""


class TableError(InputError):
    """A file or a column of a table cannot be used."""


class UnknownIdError(InputError):
    """An id that no table holds."""


class SettingError(InputError):
    """An option or a setting is outside its range."""


class BundleError(PenchantError):
    """A model folder is missing, damaged, or of another format."""


class SourceError(PenchantError):
    """A public data set could not be fetched, or is not the one expected."""


class LanguageError(PenchantError):
    """A language model could not be loaded, or did not answer."""


class JournalError(PenchantError):
    """The journal of a service could not be opened, read or written."""


class BusyError(JournalError):
    """More is handed over than the journal can keep just now."""


class AnsweredError(JournalError):
    """A request with the same idempotency key was answered within a day: its records are kept already."""
