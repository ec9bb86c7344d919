"""TLS to the broker: the trusted authorities and the client's certificate."""

import ssl
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files in PEM: certificates of authorities, else the system's; our certificate and key."""

    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return how to connect. Raises ValueError, one sentence, where a file is not usable."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.authorities is None:
            context.load_default_certs()
        self.load_into(context)
        return context

    def load_into(self, context: ssl.SSLContext) -> None:
        """Let ``context`` use the files. Raises ValueError where one is not usable."""
        if self.authorities is not None:
            try:
                context.load_verify_locations(self.authorities)
            except OSError as error:  # ssl.SSLError is one
                raise ValueError(
                    f"mqtt_ca_file {self.authorities} contains no certificates in PEM"
                    f" ({_reason(error)})"
                ) from None
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.key, _refuse_passphrase)
            except _PassphraseWantedError:
                raise ValueError(
                    f"the key in {self.key or self.certificate} has a passphrase: use one without"
                ) from None
            except OSError as error:
                raise ValueError(
                    f"mqtt_certificate_file {self.certificate} and its key"
                    f"{f' {self.key}' if self.key else ''} are not a pair in PEM ({_reason(error)})"
                ) from None


class _PassphraseWantedError(Exception):
    pass


def _refuse_passphrase() -> str:
    raise _PassphraseWantedError


def explained(error: BaseException | None) -> str:
    """Return why a connection could not be made, in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return _reason(error) if isinstance(error, OSError) else ""


def _reason(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return (reason or str(error)).replace("_", " ").lower()
