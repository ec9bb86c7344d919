"""TLS for the connection to the broker: the trusted CAs, and the client's own certificate."""

import ssl
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The PEM files for TLS: the trusted certificate authorities, and our certificate and key.

    If ``authorities`` is None, the operating system's certificate authorities are trusted.
    """

    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return the TLS context. Raises ValueError with the reason if a file is not usable."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.authorities is None:
            context.load_default_certs()
        self.load_into(context)
        return context

    def load_into(self, context: ssl.SSLContext) -> None:
        """Load the files into ``context``. Raises ValueError if a file is not usable."""
        if self.authorities is not None:
            try:
                context.load_verify_locations(self.authorities)
            except OSError as error:  # ssl.SSLError is an OSError too
                raise ValueError(
                    f"mqtt_ca_file {self.authorities} contains no certificates in PEM format"
                    f" ({_reason(error)})"
                ) from None
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.key, _refuse_passphrase)
            except _PassphraseWantedError:
                raise ValueError(
                    f"the key in {self.key or self.certificate} needs a passphrase, which is not "
                    "supported: use a key without a passphrase"
                ) from None
            except OSError as error:
                raise ValueError(
                    f"mqtt_certificate_file {self.certificate} and its key"
                    f"{f' {self.key}' if self.key else ''} are not a matching pair in PEM format"
                    f" ({_reason(error)})"
                ) from None


class _PassphraseWantedError(Exception):
    pass


def _refuse_passphrase() -> str:
    raise _PassphraseWantedError


def explained(error: BaseException | None) -> str:
    """Return a short reason for a failed connection, or "" if ``error`` contains none."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return _reason(error) if isinstance(error, OSError) else ""


def _reason(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return (reason or str(error)).replace("_", " ").lower()
