"""Every error the kit raises on purpose, in one tree.

    SemsearchError                    exit  http
    ├── ConfigError                     2   500   a setting is unknown or malformed
    ├── InputError                      2   422   what the caller gave cannot be used
    │   ├── PathError                   2   422   a file or folder is missing or unreadable
    │   ├── DatasetError                2   422   an evaluation dataset is malformed
    │   ├── NotFoundError               2   404   there is no such document, or not for the caller
    │   ├── ConflictError               2   409   what is asked does not fit what is there
    │   └── BodyTooLargeError           2   413   a request or an uploaded file is too large
    ├── AccessError                     6   403   the principal may not do this
    │   └── CredentialError             6   401   no key, or one that is not valid
    ├── IndexStateError                 5   409   the index cannot serve this request as it is
    │   ├── IndexMissingError           5   404   nothing has been indexed yet
    │   └── IndexMismatchError          5   409   built with another model or layout
    ├── StoreError                      7   503   the store failed
    │   ├── StoreBusyError              7   503   another process holds the embedded store
    │   └── StoreUnavailableError       7   503   the Qdrant server does not answer
    ├── ModelError                      8   503   a model cannot be loaded or run
    │   ├── ModelMissingError           8   503   it is not on this machine
    │   ├── ModelCorruptError           8   503   its files fail their checksum or shape
    │   └── RerankError                 8   503   a reranker returned no permutation of its input
    ├── DeadlineError                   9   504   the time that the request had is over
    ├── BusyError                       9   503   too much is asked at once: ask again later
    │   └── RateLimitError              9   429   this caller asks too often
    └── ParseError                      3   422   one file could not be turned into text
        ├── UnsupportedFormatError      3   415   no parser for this kind of file
        ├── EmptyDocumentError          3   422   the file holds no text
        ├── ProtectedDocumentError      3   422   a password is needed
        ├── CorruptDocumentError        3   422   the file is malformed
        ├── MissingToolError            3   422   an optional program is not installed
        ├── UnsafeFileError             3   422   the file is made to do harm, e.g. a zip bomb
        ├── TooLargeError               3   422   more memory or text than the settings allow
        ├── ParserTimeoutError          3   422   reading takes longer than the settings allow
        ├── ParserCrashedError          3   422   the parser's process died
        └── ChangingFileError           3   422   the file was written to while it was read

Exit codes 0 and 1 keep their usual meaning (done; a bug), 3 also says that some files
of a run failed. A message says what happened, to which file or field, and what to do.
"""

from typing import ClassVar


class SemsearchError(Exception):
    """Base of all errors that are reported to the user as one line."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500


class ConfigError(SemsearchError):
    """A setting is unknown or malformed."""

    exit_code = 2
    http_status = 500


class InputError(SemsearchError):
    """What the caller gave cannot be used."""

    exit_code = 2
    http_status = 422


class PathError(InputError):
    """A file or folder is missing or unreadable."""


class DatasetError(InputError):
    """An evaluation dataset is malformed."""


class NotFoundError(InputError):
    """There is no such document, or not for the caller."""

    http_status = 404


class ConflictError(InputError):
    """What is asked does not fit what is there."""

    http_status = 409


class BodyTooLargeError(InputError):
    """A request or an uploaded file is too large."""

    http_status = 413


class AccessError(SemsearchError):
    """The principal may not do this."""

    exit_code = 6
    http_status = 403


class CredentialError(AccessError):
    """No key, or one that is not valid."""

    http_status = 401


class IndexStateError(SemsearchError):
    """The index cannot serve this request as it is."""

    exit_code = 5
    http_status = 409


class IndexMissingError(IndexStateError):
    """Nothing has been indexed yet."""

    http_status = 404


class IndexMismatchError(IndexStateError):
    """The index was built with another model or layout."""


class StoreError(SemsearchError):
    """The store failed."""

    exit_code = 7
    http_status = 503


class StoreBusyError(StoreError):
    """Another process holds the embedded store."""


class StoreUnavailableError(StoreError):
    """The Qdrant server does not answer."""


class ModelError(SemsearchError):
    """A model cannot be loaded or run."""

    exit_code = 8
    http_status = 503


class ModelMissingError(ModelError):
    """A model is not on this machine."""


class ModelCorruptError(ModelError):
    """A model's files fail their checksum or have the wrong shape."""


class RerankError(ModelError):
    """A reranker returned no permutation of its input."""


class DeadlineError(SemsearchError):
    """The time that the request had is over."""

    exit_code = 9
    http_status = 504


class BusyError(SemsearchError):
    """Too much is asked at once: ask again later."""

    exit_code = 9
    http_status = 503

    def __init__(self, message: str, retry_after: int) -> None:
        """Take the message and after how many seconds it is worth asking again."""
        super().__init__(message)
        self.retry_after = retry_after


class RateLimitError(BusyError):
    """This caller asks too often."""

    http_status = 429


class ParseError(SemsearchError):
    """One file could not be turned into text."""

    exit_code = 3
    http_status = 422


class UnsupportedFormatError(ParseError):
    """There is no parser for this kind of file."""

    http_status = 415


class EmptyDocumentError(ParseError):
    """The file holds no text."""


class ProtectedDocumentError(ParseError):
    """The file needs a password."""


class CorruptDocumentError(ParseError):
    """The file is malformed."""


class MissingToolError(ParseError):
    """An optional program is not installed."""

    def __init__(self, message: str, tool: str) -> None:
        """Take the message and the name of the program, by which reports group such files."""
        super().__init__(message)
        self.tool = tool


class UnsafeFileError(ParseError):
    """The file is made to do harm, e.g. a zip bomb."""


class TooLargeError(ParseError):
    """The file needs more memory, or holds more text, than the settings allow."""


class ParserTimeoutError(ParseError):
    """Reading the file takes longer than the settings allow."""


class ParserCrashedError(ParseError):
    """The process that read the file died."""


class ChangingFileError(ParseError):
    """The file was written to while it was read."""
