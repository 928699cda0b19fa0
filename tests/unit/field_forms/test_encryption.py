"""Encrypted submissions: opened whole, or not at all and with the reason."""

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from field_forms.encryption import NotOpened, decrypt, load_key, missing, public_text, read_manifest
from field_forms.openrosa import parse_instance
from tests.unit.field_forms.encryptor import encrypted, key_pair

XML = "<data id='form' version='7'><name>پلدختر</name></data>".encode()
MEDIA = {"1.jpg": b"\xff\xd8" + b"x" * 100, "2.jpg": b"", "صدا.m4a": bytes(range(256))}


@settings(max_examples=25, deadline=None)
@given(
    st.binary(max_size=80),
    st.dictionaries(st.text("abcنور.", min_size=1, max_size=6), st.binary(max_size=70), max_size=40),
    st.sampled_from([hashes.SHA1(), hashes.SHA256()]),
    st.booleans(),
    st.sampled_from(["7", "", None]),
)
def test_what_a_phone_encrypts_is_opened_byte_for_byte(
    xml: bytes, media: dict[str, bytes], mask: hashes.HashAlgorithm, one_media: bool, version: str | None
) -> None:
    sent, files = encrypted(xml, media, key_pair().public_key(), mask=mask, one_media=one_media, version=version)
    opened = decrypt(sent, files, [key_pair(1), key_pair()])
    assert (opened.xml, opened.media, opened.sealed) == (xml, media, True)


def test_the_manifest_is_an_instance_that_says_that_it_is_encrypted() -> None:
    sent, files = encrypted(XML, MEDIA, key_pair().public_key())
    instance, manifest = parse_instance(sent), read_manifest(sent)
    assert (instance.encrypted, instance.instance_id, instance.form_id) == (True, "uuid:1", "form")
    assert manifest.files == tuple(files)
    del files["2.jpg.enc"]
    assert missing(manifest, files) == ["2.jpg.enc"]
    with pytest.raises(NotOpened) as refused:
        decrypt(sent, files, [key_pair()])
    assert (refused.value.code, refused.value.name) == ("encrypted.file_missing", "2.jpg.enc")
    assert "2.jpg.enc" in refused.value.message_fa


def test_a_seal_may_be_absent_and_is_then_not_claimed() -> None:
    sent, files = encrypted(XML, MEDIA, key_pair().public_key(), seal=False)
    assert decrypt(sent, files, [key_pair()]).sealed is False


def test_without_the_right_key_it_stays_shut() -> None:
    sent, files = encrypted(XML, MEDIA, key_pair().public_key())
    for keys in ([], [key_pair(1)]):
        with pytest.raises(NotOpened) as refused:
            decrypt(sent, files, keys)
        assert refused.value.code == "encrypted.no_key"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_byte_in_any_file_is_seen(data: st.DataObject) -> None:
    sent, files = encrypted(XML, MEDIA, key_pair().public_key())
    name = data.draw(st.sampled_from(sorted(files)))
    place = data.draw(st.integers(0, len(files[name]) - 1))
    changed = bytearray(files[name])
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NotOpened) as refused:
        decrypt(sent, files | {name: bytes(changed)}, [key_pair()])
    assert refused.value.code in {"encrypted.file_damaged", "encrypted.seal_broken"}


def test_files_that_were_swapped_or_another_version_break_the_seal() -> None:
    sent, files = encrypted(XML, {"a": b"1" * 15, "b": b"2" * 15}, key_pair().public_key())
    for wrong in (sent.replace(b'version="7"', b'version="8"'), sent.replace(b'id="form"', b'id="other"')):
        with pytest.raises(NotOpened) as refused:
            decrypt(wrong, files, [key_pair()])
        assert refused.value.code == "encrypted.seal_broken"
    with pytest.raises(NotOpened):
        decrypt(sent, files | {"a.enc": files["b.enc"], "b.enc": files["a.enc"]}, [key_pair()])


@pytest.mark.parametrize(
    "change",
    [
        (b"<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>", b""),
        (b"uuid:1", b""),
        (b"<base64EncryptedKey>", b"<other>"),
        (b"a.enc", b"submission.xml.enc"),
        (b"<data", b"<!DOCTYPE data><data"),
        (b' id="form"', b""),
    ],
)
def test_a_manifest_that_is_not_right_is_refused(change: tuple[bytes, bytes]) -> None:
    sent, files = encrypted(XML, {"a": b"1"}, key_pair().public_key())
    with pytest.raises(NotOpened) as refused:
        decrypt(sent.replace(*change), files, [key_pair()])
    assert refused.value.code == "encrypted.malformed"


def test_keys_are_read_in_every_usual_form_and_others_refused() -> None:
    private = key_pair()
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL):
            data = private.private_bytes(encoding, form, serialization.NoEncryption())
            assert public_text(load_key(data)) == public_text(private)
    locked = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pw")
    )
    assert public_text(load_key(locked, b"pw")) == public_text(private)
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for wrong in (locked, curve, b"", b"-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----"):
        with pytest.raises(NotOpened) as refused:
            load_key(wrong)
        assert refused.value.code == "encrypted.key_unusable"
