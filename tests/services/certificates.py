"""Certificates for tests, from the openssl program."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
_FOR_TWO_DAYS = ["openssl", "req", "-x509", *_KEY, "-days", "2"]


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: Path
    key: Path

    @classmethod
    def authority(cls, folder: Path, name: str) -> Self:
        """Make a certificate authority."""
        return cls._made(folder, name)

    @classmethod
    def issued(cls, by: "Pair", folder: Path, name: str, *, passphrase: str | None = None) -> Self:
        """Issue a certificate for 127.0.0.1 and for a client called ``name``."""
        issuer = ["-CA", str(by.certificate), "-CAkey", str(by.key)]
        extensions = ["subjectAltName=IP:127.0.0.1", "basicConstraints=critical,CA:FALSE"]
        extended = [word for each in extensions for word in ("-addext", each)]
        return cls._made(folder, name, *issuer, *extended, passphrase=passphrase)

    @classmethod
    def of_servers(cls, folder: Path, *names: str) -> Self:
        """Make a certificate for the servers ``names`` that is its own authority."""
        places = ",".join(f"DNS:{name}" for name in names)
        return cls._made(folder, "servers", "-addext", f"subjectAltName={places}")

    @classmethod
    def _made(cls, folder: Path, name: str, *more: str, passphrase: str | None = None) -> Self:
        pair = cls(folder / f"{name}.pem", folder / f"{name}.key")
        secret = ["-nodes"] if passphrase is None else ["-passout", f"pass:{passphrase}"]
        files = ["-out", str(pair.certificate), "-keyout", str(pair.key)]
        command = [*_FOR_TWO_DAYS, "-subj", f"/CN={name}", *more, *secret, *files]
        subprocess.run(command, check=True, capture_output=True)
        return pair
