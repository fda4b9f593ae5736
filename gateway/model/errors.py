"""One tree of errors. Each class says who must act; ``retryable`` says whether the same attempt may succeed later."""

from typing import ClassVar


class TielineError(Exception):
    """Root of all errors that we raise on purpose; the text is for the person who must act."""

    retryable: ClassVar[bool] = False
    exit_status: ClassVar[int] = 1
    """With which a command of the command line ends for it."""


class UsageError(TielineError):
    """A command was given what it cannot use; whoever called it must act."""

    exit_status = 2


class ConfigurationError(TielineError):
    """The operator must change the configuration; the text names the key, the file and the cure."""


class CaptureError(TielineError):
    """A capture folder cannot be read: whoever recorded or edited it must act."""


class PeerError(TielineError):
    """Something that a PBX, a CRM or another peer did or failed to do."""


class PeerUnavailableError(PeerError):
    """The peer cannot be reached or does not answer in time. We try again; the operator looks when it lasts."""

    retryable = True


class PeerProtocolError(PeerError):
    """The peer said what its protocol does not allow. We connect anew; if it comes back, the vendor or we must act."""

    retryable = True


class PeerRefusedError(PeerError):
    """The peer knows us not or forbids it: the operator must change a secret or a right, there or in our configuration."""


class CommandError(TielineError):
    """A command did not do what was asked; the one who gave it must act."""


class CommandRefusedError(CommandError):
    """The command was not sent, or the PBX refused it: nothing happened."""


class CommandUnansweredError(CommandError):
    """The command was sent, and no answer came: whether it was done is not known, so it is never sent again."""


class StoreError(TielineError):
    """The place where calls are kept fails us."""


class StoreUnavailableError(StoreError):
    """The database is away, full or too slow. We wait and try again; the operator looks, for what waits is in memory."""

    retryable = True


class StoreTakenError(StoreError):
    """Another gateway writes to this database: the operator stops one of the two, or gives it a database of its own."""


class StoreSchemaError(StoreError):
    """The database was written by another version: the operator installs that version or a later one."""


class BackupError(StoreError):
    """A backup cannot be written or read: whoever asked for it must act."""


class CustomerError(TielineError):
    """What was asked about a customer cannot be done; the one who asked must act."""


class UnknownCustomerError(CustomerError):
    """There is no such customer, claim or note."""


class TooManyCustomersError(CustomerError):
    """More are found than can be worked with at once: who asked says more of whom he means."""


class IdentityError(CustomerError):
    """An identity cannot be read: a number without its country, an address without ``@``."""


class CustomerConflictError(CustomerError):
    """It contradicts what is there: an external id that is taken, a merge that is made already."""


class RecordingError(TielineError):
    """A recording cannot be fetched, or what was fetched is none."""


class RecordingMissingError(RecordingError):
    """The PBX has no such file, or not yet. We try again; the operator looks when it lasts."""

    retryable = True


class RecordingForbiddenError(RecordingError):
    """The PBX does not let us read the file. We try again; the operator gives the right to it."""

    retryable = True


class RecordingUnfinishedError(RecordingError):
    """The PBX still writes the file. We try again."""

    retryable = True


class RecordingRefusedError(RecordingError):
    """What the PBX named is not touched: it leads out of its folder, or is too long. The operator looks at the dial plan."""


class RecordingUnusableError(RecordingError):
    """What was fetched holds no sound that we know: the operator changes the format in which the PBX records."""


class StorageError(TielineError):
    """The place where recordings are kept fails us or refuses us. We try again; the operator looks when it lasts."""

    retryable = True


class StorageFullError(StorageError):
    """There is no room for recordings: the operator makes some."""


class WebhookError(TielineError):
    """What was asked about a webhook cannot be done; the one who asked must act."""


class UnknownWebhookError(WebhookError):
    """There is no such webhook or message."""


class TargetError(WebhookError):
    """Messages may not be sent to an address; the text says what would be right."""


class TemplateError(WebhookError):
    """A template cannot be used; the text says where it is wrong."""


class CallbackError(TielineError):
    """Something about the calls to return cannot be done; who asked must look at the list anew."""


class UnknownCallbackError(CallbackError):
    """There is no such entry, or none that he may see."""


class CallbackTakenError(CallbackError):
    """The entry is another's, or closed."""


class NobodyThereError(CallbackError):
    """Nobody who signs in sits at the telephone that an entry was given to; an admin gives somebody the extension."""
