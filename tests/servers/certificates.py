"""An authority of our own and a certificate for this machine, for servers that tests reach over TLS."""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)


def written(folder: Path, address: str = "127.0.0.1") -> tuple[Path, Path, Path]:
    """Files in ``folder``: the authority's certificate, the server's for ``address``, and the server's private key."""
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    above = _name("authority")
    root = _made(above, above, authority.public_key()).add_extension(x509.BasicConstraints(True, None), critical=True)
    place = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    leaf = _made(_name("server"), above, server.public_key()).add_extension(place, critical=False)
    files = folder / "authority.pem", folder / "server.pem", folder / "server-key.pem"
    for file, certificate in zip(files, (root, leaf), strict=False):
        file.write_bytes(certificate.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    files[2].write_bytes(
        server.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


def _name(word: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"openhearth tests' {word}")])


def _made(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return made.serial_number(x509.random_serial_number()).not_valid_before(now - _DAY).not_valid_after(now + _DAY)
