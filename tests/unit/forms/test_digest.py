"""HTTP Digest: the RFCs' own examples, headers as clients write them, nonces that are ours and not over."""

import hashlib

import pytest
from nacl.public import PrivateKey

from server.access.sealing import Sealing
from server.forms.digest import FRESH_S, _Used, challenge, fresh, new_nonce, proof, read

RFC_2617 = (
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
    ' uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b",'
    ' response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
RFC_7616 = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5,'
    ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001,'
    ' cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth,'
    ' response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.fixture
def sealing() -> Sealing:
    private = PrivateKey.generate()
    return Sealing(private.public_key, private, b"k" * 32)


@pytest.mark.parametrize(("header", "password"), [(RFC_2617, "Circle Of Life"), (RFC_7616, "Circle of Life")])
def test_the_rfcs_examples(header: str, password: str) -> None:
    said = read(header)
    assert said
    ha1 = hashlib.md5(f"{said.username}:{said.realm}:{password}".encode()).hexdigest()
    assert proof(ha1, "GET", said) == said.response
    assert proof(ha1, "POST", said) != said.response


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic YTpi",
        "Digest",
        RFC_7616.replace("qop=auth", "qop=auth-int"),
        RFC_7616.replace("qop=auth, ", ""),
        RFC_7616.replace("algorithm=MD5", "algorithm=SHA-256"),
        RFC_7616.replace("algorithm=MD5", "algorithm=MD5-sess"),
        RFC_7616.replace("nc=00000001", "nc=1"),
        RFC_7616.replace("nc=00000001", "nc=0000000g"),
        RFC_7616.replace('uri="/dir/index.html"', 'uri="/dir'),
        RFC_7616 + ', username="Scar"',
        RFC_7616.replace('cnonce="f2', 'cnonce="" , x="f2'),
        RFC_7616 + ", more" + "x" * 5000,
    ],
)
def test_what_is_no_proof(header: str) -> None:
    assert read(header) is None


def test_quoted_signs_and_spaces_are_read() -> None:
    said = read(RFC_2617.replace('"Mufasa"', r'"Mu\"fa,sa\\"').replace("qop=auth", 'QOP = "auth"'))
    assert said
    assert said.username == 'Mu"fa,sa\\'


def test_a_nonce_is_ours_and_lives_for_minutes(sealing: Sealing) -> None:
    nonce = new_nonce(sealing, now=1000.0)
    assert fresh(sealing, nonce, now=1000.0 + FRESH_S - 1)
    assert not fresh(sealing, nonce, now=1000.0 + FRESH_S + 1)
    later = f"{int(2e6):012x}" + nonce[12:]
    assert not fresh(sealing, later, now=2000.0), "its moment is signed"
    other = Sealing(sealing.public, None, b"other" * 8)
    assert not fresh(other, nonce, now=1000.0)
    assert not fresh(sealing, "x" * 60)
    assert len({new_nonce(sealing, now=1.0) for _ in range(100)}) == 100
    assert "stale=true" in challenge(sealing, stale=True)


def test_a_count_is_good_once_and_the_memory_of_it_is_bounded() -> None:
    used = _Used(most=3)
    assert [used.first(key) for key in ("a", "a", "b", "c", "d")] == [True, False, True, True, True]
    assert used.first("d") is False
    assert len(used._seen) == 3
