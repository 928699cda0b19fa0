"""An encryptor of our own, as a phone's: written from the specification, not from the decryptor."""

import base64
import hashlib
import os
from functools import cache

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.padding import PKCS7


@cache
def key_pair(number: int = 0) -> rsa.RSAPrivateKey:
    """A key for tests; each number another one."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def encrypted(
    xml: bytes,
    media: dict[str, bytes],
    public: rsa.RSAPublicKey,
    *,
    form_id: str = "form",
    instance_id: str = "uuid:1",
    version: str | None = "7",
    mask: hashes.HashAlgorithm | None = None,
    one_media: bool = False,
    seal: bool = True,
) -> tuple[bytes, dict[str, bytes]]:
    """The manifest and the encrypted files of a submission."""
    mgf = padding.MGF1(mask or hashes.SHA1())
    oaep = padding.OAEP(mgf=mgf, algorithm=hashes.SHA256(), label=None)
    key = os.urandom(32)
    wrapped = base64.b64encode(public.encrypt(key, oaep)).decode()
    seed = list(hashlib.md5(instance_id.encode() + key).digest())
    signed = [form_id] + ([version] if version is not None else []) + [wrapped, instance_id]
    files: dict[str, bytes] = {}
    for index, (name, clear) in enumerate([*media.items(), ("submission.xml", xml)]):
        seed[index % 16] = (seed[index % 16] + 1) & 0xFF
        pad = PKCS7(128).padder()
        writer = Cipher(AES256(key), CFB(bytes(seed))).encryptor()
        files[f"{name}.enc"] = writer.update(pad.update(clear) + pad.finalize()) + writer.finalize()
        signed.append(f"{name}::{hashlib.md5(clear).hexdigest()}")
    told = hashlib.md5(("\n".join(signed) + "\n").encode()).digest()
    signature = base64.b64encode(public.encrypt(told, oaep)).decode()
    names = [f"<file>{name}.enc</file>" for name in media]
    listed = f"<media>{''.join(names)}</media>" if one_media else "".join(f"<media>{name}</media>" for name in names)
    stated = f' version="{version}"' if version is not None else ""
    manifest = (
        f'<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="{form_id}"{stated} encrypted="yes">'
        f"<base64EncryptedKey>{wrapped}</base64EncryptedKey>"
        f'<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>{instance_id}</orx:instanceID></orx:meta>'
        f"{listed}<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
        + (f"<base64EncryptedElementSignature>{signature}</base64EncryptedElementSignature>" if seal else "")
        + "</data>"
    )
    return manifest.encode(), files
