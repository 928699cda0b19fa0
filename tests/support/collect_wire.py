"""A scripted ODK Collect: what it writes to the wire, byte for byte, and every byte that it gets.

As OkHttp writes it: a part has its own Content-Length, the address of a submission bears `deviceID`, the clock of
`Date` is whatever the phone thinks (https://docs.getodk.org/openrosa/).
"""

import asyncio
import gzip
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, Self
from urllib.parse import urlsplit
from uuid import uuid4
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
RESPONSE = "{http://openrosa.org/http/response}"
AT_ONCE = 100
"""Files in one POST of Collect's."""
Headers = Sequence[tuple[str, str]]
USUAL: Headers = (
    ("User-Agent", "org.odk.collect.android/v2026.1.2 Dalvik/2.1.0 (Linux; U; Android 9)"),
    ("X-OpenRosa-Version", "1.0"),
    ("Date", "Mon, 23 Nov 2026 05:10:11 GMT"),
    ("Accept-Encoding", "gzip"),
    ("Connection", "Keep-Alive"),
)


class File(NamedTuple):
    """A file of a submission."""

    name: str
    data: bytes
    kind: str = "image/jpeg"


class Answer(NamedTuple):
    """What came back: the status line, the lines of the head, the body with its coding undone."""

    status: bytes
    head: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value.decode("latin-1") for key, value in self.head if key.lower() == name.lower().encode()]

    def one(self, name: str) -> str:
        """The value of a header that stands exactly once."""
        [value] = self.all(name)
        return value

    @property
    def xml(self) -> Element:
        """The body as Collect's reader takes it: UTF-8, declared, no DOCTYPE."""
        assert self.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
        assert b"<!DOCTYPE" not in self.body
        assert "text/xml" in self.one("Content-Type")
        root: Element = fromstring(self.body)
        return root

    @property
    def message(self) -> str:
        """What Collect shows to the person."""
        assert self.xml.tag == f"{RESPONSE}OpenRosaResponse"
        [told] = self.xml.findall(f"{RESPONSE}message")
        return told.text or ""


class Collect:
    """One connection that stays open: a byte too many in an answer spoils the next."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: str) -> None:
        self._reader, self._writer = reader, writer
        self.server = server
        """The address in Collect's settings, with a token in it or without."""

    @classmethod
    @asynccontextmanager
    async def reaching(cls, server: str) -> AsyncIterator[Self]:
        """Collect with this server address in its settings."""
        where = urlsplit(server)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            yield cls(reader, writer, server)
        finally:
            writer.close()

    async def ask(self, method: str, url: str, headers: Headers = (), body: bytes | None = None) -> Answer:
        """One request. `url` is absolute, as lists name it, or below the server's address."""
        where = urlsplit(url if "://" in url else f"{self.server}/{url}")
        own = {name.lower() for name, _ in headers}
        lines = [("Host", where.netloc), *(pair for pair in USUAL if pair[0].lower() not in own), *headers]
        lines += [] if body is None else [("Content-Length", str(len(body)))]
        target = f"{where.path}?{where.query}" if where.query else where.path
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n"
        self._writer.write(head.encode() + (body or b""))
        return await self._answer(method)

    async def _answer(self, method: str) -> Answer:
        async with asyncio.timeout(20):
            first, *lines = (await self._reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
            head = tuple((line.split(b": ", 1)[0], line.split(b": ", 1)[1]) for line in lines)
            told = {name.lower(): value for name, value in head}
            bare = method == "HEAD" or first.split()[1] in {b"204", b"304"}
            body = b"" if bare else await self._reader.readexactly(int(told[b"content-length"]))
        packed = told.get(b"content-encoding") == b"gzip" and not bare
        return Answer(first, head, gzip.decompress(body) if packed else body)

    async def get(self, url: str, *headers: tuple[str, str]) -> Answer:
        """GET."""
        return await self.ask("GET", url, headers)

    async def head(self, url: str, *headers: tuple[str, str]) -> Answer:
        """HEAD."""
        return await self.ask("HEAD", url, headers)

    async def post(
        self, xml: bytes, files: Sequence[File] = (), *headers: tuple[str, str], more: bool = False
    ) -> Answer:
        """One POST of a submission; `more`: others are to follow."""
        kind, body = multipart(xml, files, more=more)
        return await self.ask("POST", "submission?deviceID=collect%3Aa1b2c3", [("Content-Type", kind), *headers], body)

    async def send(self, xml: bytes, files: Sequence[File] = ()) -> list[Answer]:
        """HEAD, then as many POSTs as Collect makes of it, each with the answers and its share of the files."""
        before = await self.head("submission?deviceID=collect%3Aa1b2c3")
        assert before.status == b"HTTP/1.1 204 No Content"
        shares = [files[at : at + AT_ONCE] for at in range(0, len(files), AT_ONCE)] or [()]
        return [await self.post(xml, share, more=share is not shares[-1]) for share in shares]

    async def forms(self, *headers: tuple[str, str]) -> dict[str, dict[str, str]]:
        """The list as Collect reads it: one entry that lacks something fails the whole."""
        answer = await self.get("formList", *headers)
        assert answer.status == b"HTTP/1.1 200 OK"
        assert answer.xml.tag == f"{LIST}xforms"
        entries = [{child.tag.removeprefix(LIST): child.text or "" for child in entry} for entry in answer.xml]
        for entry in entries:
            assert all(entry[name] for name in ("formID", "name", "version", "downloadUrl"))
            assert entry["hash"].startswith("md5:")
        assert len({entry["formID"] for entry in entries}) == len(entries)
        return {entry["formID"]: entry for entry in entries}

    async def form(self, entry: dict[str, str]) -> bytes:
        """The form that an entry of the list names: of the hash that it names."""
        answer = await self.get(entry["downloadUrl"])
        assert answer.status == b"HTTP/1.1 200 OK"
        assert entry["hash"] == f"md5:{md5(answer.body)}"
        return answer.body

    async def media(self, entry: dict[str, str]) -> dict[str, bytes]:
        """The files of a form by name, each of the hash that the manifest names."""
        if "manifestUrl" not in entry:
            return {}
        answer = await self.get(entry["manifestUrl"])
        assert answer.status == b"HTTP/1.1 200 OK"
        assert answer.xml.tag == f"{MANIFEST}manifest"
        found = {}
        for named in answer.xml:
            said = {child.tag.removeprefix(MANIFEST): child.text or "" for child in named}
            assert set(said) == {"filename", "hash", "downloadUrl"}
            fetched = await self.get(said["downloadUrl"])
            assert fetched.status == b"HTTP/1.1 200 OK"
            assert said["hash"] == f"md5:{md5(fetched.body)}", said["filename"]
            found[said["filename"]] = fetched.body
        return found


class Digest:
    """Collect's answers to one Digest challenge, counted as OkHttp's library counts them."""

    def __init__(self, user: str, password: str, said: str) -> None:
        self.user, self.password, self.said, self.count = user, password, said, 0
        self._asked = dict(re.findall(r'(\w+)="([^"]*)"', said))

    def proof(self, method: str, uri: str) -> tuple[str, str]:
        """The next Authorization header."""
        self.count += 1
        realm, nonce, cnonce, nc = self._asked["realm"], self._asked["nonce"], "0a4f113b", f"{self.count:08x}"
        ha1, ha2 = md5(f"{self.user}:{realm}:{self.password}".encode()), md5(f"{method}:{uri}".encode())
        response = md5(f"{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}".encode())
        return "Authorization", (
            f'Digest username="{self.user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}",'
            f' qop=auth, nc={nc}, cnonce="{cnonce}", algorithm=MD5'
        )


def md5(data: bytes) -> str:
    """As OpenRosa's hashes have it."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def multipart(xml: bytes, files: Sequence[File], *, more: bool) -> tuple[str, bytes]:
    """The body of a POST and its Content-Type."""
    mark = str(uuid4())
    parts = [_part(mark, "xml_submission_file", xml, "submission.xml", "text/xml; charset=utf-8")]
    parts += [_part(mark, file.name, file.data, file.name, file.kind) for file in files]
    parts += [_part(mark, "*isIncomplete*", b"yes")] if more else []
    return f"multipart/form-data; boundary={mark}", b"".join(parts) + f"--{mark}--\r\n".encode()


def _part(mark: str, name: str, data: bytes, file: str | None = None, kind: str | None = None) -> bytes:
    head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"'
    head += f'; filename="{file}"' if file else ""
    head += f"\r\nContent-Type: {kind}" if kind else ""
    return f"{head}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data + b"\r\n"
