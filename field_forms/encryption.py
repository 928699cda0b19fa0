"""Encrypted submissions opened with a private key.

As the encryption part of the ODK XForms specification has it (https://getodk.github.io/xforms-spec/encryption), and
as ODK Collect and Enketo write it. A submission's XML is then a manifest: an AES key wrapped by RSA-OAEP (SHA-256),
the names of the encrypted files, and a seal over the digests of all their contents. Each file is AES-256 in CFB
mode with PKCS 5 padding; its IV is the MD5 of instanceID and key with one byte more raised for every file: the
n-th file (from 1) raises byte (n-1) mod 16. The order is that of the manifest, the answers' XML comes last.

The seal is made with the public key, which any phone has: it shows damage and mixing up, and no sender.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256

from field_forms.xmlreading import Node, XmlRefused, read_xml

KEY_BYTES = 32
BLOCK = 16
MIN_KEY_BITS = 2048
MAX_FILES = 1_000
_SUFFIX = ".enc"


class NotOpened(ValueError):
    """The submission cannot be opened: `code` says why, stably; the texts say it to a person."""

    def __init__(self, code: str, name: str = "") -> None:
        fa, en = _REASONS[code]
        super().__init__(en.format(name=name))
        self.code, self.name = code, name
        self.message_fa, self.message_en = fa.format(name=name), en.format(name=name)


_REASONS = {
    "encrypted.malformed": ("فهرست پرونده‌های رمزشده درست نیست.", "The manifest of encrypted files is not right."),
    "encrypted.no_key": ("کلید مرکز این پاسخ را باز نمی‌کند.", "No key of the centre opens this submission."),
    "encrypted.key_unusable": ("این کلید خصوصی RSA به کار نمی‌آید.", "Not a usable private RSA key."),
    "encrypted.file_missing": ("پروندهٔ «{name}» هنوز نرسیده است.", "The file '{name}' has not come yet."),
    "encrypted.file_damaged": ("پروندهٔ «{name}» آسیب دیده است.", "The file '{name}' is damaged."),
    "encrypted.seal_broken": (
        "پرونده‌ها با مهر این پاسخ نمی‌خوانند.",
        "The files are not those that the submission was sealed with.",
    ),
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an encrypted submission says of itself; `media` and `answers` are names of encrypted files."""

    form_id: str
    version: str | None
    instance_id: str
    wrapped_key: str
    media: tuple[str, ...]
    answers: str
    seal: str | None

    @property
    def files(self) -> tuple[str, ...]:
        """All files in the order of their IVs."""
        return (*self.media, self.answers)


@dataclass(frozen=True, slots=True)
class Opened:
    """The clear answers and media, by name without `.enc`. `sealed`: the seal was there and held."""

    xml: bytes
    media: dict[str, bytes]
    sealed: bool


def read_manifest(xml: bytes) -> Manifest:
    """Read an encrypted submission's XML. Raises `NotOpened` (`encrypted.malformed`)."""
    try:
        root = read_xml(xml)
    except XmlRefused as refused:
        raise NotOpened("encrypted.malformed") from refused
    parts: dict[str, str] = {}
    media: list[str] = []
    for node in root.children:
        if node.name == "media":
            media += [file.text.strip() for file in node.children if file.name == "file"]
        elif node.name == "meta":
            parts |= {child.name: child.text.strip() for child in node.children}
        else:
            parts[node.name] = node.text.strip()
    return _manifest(root, parts, [name for name in media if name])


def _manifest(root: Node, parts: Mapping[str, str], media: Sequence[str]) -> Manifest:
    instance_id = parts.get("instanceID") or root.attributes.get("instanceID") or ""
    form_id, key = root.attributes.get("id") or "", parts.get("base64EncryptedKey") or ""
    answers = parts.get("encryptedXmlFile") or ""
    named = [*media, answers]
    if not (form_id and instance_id and key and answers) or len(named) > MAX_FILES or len(set(named)) < len(named):
        raise NotOpened("encrypted.malformed")
    return Manifest(
        form_id=form_id,
        version=root.attributes.get("version"),
        instance_id=instance_id,
        wrapped_key=key,
        media=tuple(media),
        answers=answers,
        seal=parts.get("base64EncryptedElementSignature") or None,
    )


def load_key(pem: bytes, password: bytes | None = None) -> RSAPrivateKey:
    """A private key in PEM or DER (PKCS 8 or the older form). Raises `NotOpened` (`encrypted.key_unusable`)."""
    load = serialization.load_pem_private_key
    if not pem.lstrip().startswith(b"-----"):
        load = serialization.load_der_private_key
    try:
        key = load(pem, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotOpened("encrypted.key_unusable") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < MIN_KEY_BITS:
        raise NotOpened("encrypted.key_unusable")
    return key


def public_text(key: RSAPrivateKey) -> str:
    """The public half as a form's `public_key` setting wants it: base64 of the DER, without line ends."""
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


# Both are found in the field: Java's own provider takes SHA-1 within OAEP's mask, Bouncy Castle the same as outside.
_OAEP = tuple(
    padding.OAEP(mgf=padding.MGF1(algorithm=inner), algorithm=hashes.SHA256(), label=None)
    for inner in (hashes.SHA1(), hashes.SHA256())  # noqa: S303 - the protocol's choice, and no weakness in a mask
)


def _unwrap(key: RSAPrivateKey, text: str) -> bytes | None:
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    for scheme in _OAEP:
        try:
            return key.decrypt(data, scheme)
        except ValueError:
            continue
    return None


def ivs(instance_id: str, key: bytes) -> Iterator[bytes]:
    """The initial values of one file after another."""
    seed = bytearray(hashlib.md5(instance_id.encode() + key, usedforsecurity=False).digest())
    number = 0
    while True:
        seed[number % BLOCK] = (seed[number % BLOCK] + 1) % 256
        number += 1
        yield bytes(seed)


def _open(data: bytes, key: bytes, iv: bytes, name: str) -> bytes:
    if not data:
        return b""
    reader = Cipher(AES256(key), CFB(iv)).decryptor()
    clear = reader.update(data) + reader.finalize()
    pad = clear[-1]
    if len(clear) % BLOCK or not 1 <= pad <= BLOCK or clear[-pad:] != bytes([pad]) * pad:
        raise NotOpened("encrypted.file_damaged", name)
    return clear[:-pad]


def seal_text(manifest: Manifest, digests: Sequence[tuple[str, str]]) -> bytes:
    """What is sealed: `digests` are (clear name, MD5 in hex of the clear content) in the order of the files."""
    lines = [manifest.form_id]
    lines += [manifest.version] if manifest.version is not None else []
    lines += ["".join(manifest.wrapped_key.split()), manifest.instance_id]
    lines += [f"{name}::{digest}" for name, digest in digests]
    return "".join(f"{line}\n" for line in lines).encode()


def clear_name(name: str) -> str:
    """A file's name without `.enc`."""
    return name.removesuffix(_SUFFIX)


def missing(manifest: Manifest, files: Mapping[str, bytes]) -> list[str]:
    """Names of the files that have to come before the submission can be opened."""
    return [name for name in manifest.files if name not in files]


def decrypt(xml: bytes, files: Mapping[str, bytes], keys: Sequence[RSAPrivateKey]) -> Opened:
    """Open a submission with the first of `keys` that can. `files` maps names as sent to encrypted contents.

    Raises `NotOpened`: malformed manifest, a missing or damaged file, no key that opens it, a broken seal. A
    manifest without a seal is opened, and `sealed` is false.
    """
    manifest = read_manifest(xml)
    absent = missing(manifest, files)
    if absent:
        raise NotOpened("encrypted.file_missing", absent[0])
    for private in keys:
        key = _unwrap(private, manifest.wrapped_key)
        if key is not None and len(key) == KEY_BYTES:
            return _decrypt(manifest, files, private, key)
    raise NotOpened("encrypted.no_key")


def _decrypt(manifest: Manifest, files: Mapping[str, bytes], private: RSAPrivateKey, key: bytes) -> Opened:
    media: dict[str, bytes] = {}
    digests: list[tuple[str, str]] = []
    clear = b""
    for name, iv in zip(manifest.files, ivs(manifest.instance_id, key), strict=False):
        clear = _open(files[name], key, iv, name)
        digests.append((clear_name(name), hashlib.md5(clear, usedforsecurity=False).hexdigest()))
        if name != manifest.answers:
            media[clear_name(name)] = clear
    if manifest.seal is not None:
        told = _unwrap(private, manifest.seal) or b""
        real = hashlib.md5(seal_text(manifest, digests), usedforsecurity=False).digest()
        if not hmac.compare_digest(told, real):
            raise NotOpened("encrypted.seal_broken")
    return Opened(clear, media, manifest.seal is not None)
