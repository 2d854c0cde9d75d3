"""What can go wrong between this process and a SpookyNet server."""


class SpookyNetError(RuntimeError):
    """Base class of all errors of this package. The message says what was expected, what was found and what to do."""


class ServerError(SpookyNetError):
    """The server refused a request or failed at it.

    Attributes
    ----------
    code : int
        The number of the error in docs/protocol.md, 6 for a structure that the model cannot compute, for instance.
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code

    def __reduce__(self):
        return type(self), (self.code, str(self))


class ServerLost(SpookyNetError):
    """There is no server at the address, or its connection was closed before it answered."""


class ServerTimeout(SpookyNetError):
    """The server did not answer in time."""


class ProtocolError(SpookyNetError):
    """What answered does not speak the protocol, or not correctly."""


class ServerStartError(SpookyNetError):
    """The server's program was not found, or ended before it was ready."""
