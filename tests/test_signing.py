"""Keys and certificates: made with care, found where named, and trusted only through a root that the caller names."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from misyn import signing
from misyn.errors import SigningError
from misyn.signing import certificates, folder, keys

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions of this kind exist on POSIX systems only")


@pytest.fixture
def key(tmp_path: Path) -> signing.SigningKey:
    return signing.create(tmp_path / "key", owner="Example Hospital", now=NOW)


def test_a_leaf_may_sign_and_a_root_may_certify_and_neither_the_other(key: signing.SigningKey) -> None:
    leaf, root = key.chain
    of_leaf, of_root = (one.extensions.get_extension_for_class(x509.KeyUsage).value for one in (leaf, root))
    assert (of_leaf.digital_signature, of_leaf.key_cert_sign, of_leaf.crl_sign) == (True, False, False)
    assert (of_root.digital_signature, of_root.key_cert_sign, of_root.crl_sign) == (False, True, True)
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(purposes.value) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    constraints = [one.extensions.get_extension_for_class(x509.BasicConstraints) for one in (leaf, root)]
    assert [(one.value.ca, one.value.path_length, one.critical) for one in constraints] == [
        (False, None, True),
        (True, 0, True),
    ]
    for one in (leaf, root):
        assert one.version == x509.Version.v3
        one.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        one.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)


def test_a_chain_is_accepted_by_openssl_for_signing_mail_and_nothing_else(
    key: signing.SigningKey, tmp_path: Path
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, so it is not asked about the certificates")
    (tmp_path / "leaf.pem").write_bytes(certificates.to_pem(key.chain[:1]))
    command = ["openssl", "verify", "-x509_strict", "-attime", str(int(NOW.timestamp()))]
    command += ["-CAfile", str(tmp_path / "key" / "root.pem")]
    purposes = {"smimesign": 0, "smimeencrypt": 2, "sslserver": 2, "sslclient": 2}
    for purpose, expected in purposes.items():
        asked = [*command, "-purpose", purpose, str(tmp_path / "leaf.pem")]
        assert subprocess.run(asked, capture_output=True, check=False).returncode == expected, purpose


def test_a_signature_is_accepted_only_for_its_bytes_under_its_root_in_its_time(
    key: signing.SigningKey, tmp_path: Path
) -> None:
    signature, roots = key.sign(b"plan"), key.chain[-1:]
    signer = signing.verify(b"plan", signature, chain=key.chain, roots=roots, at=NOW)
    assert (signer.name, signer.root) == ("Example Hospital", certificates.fingerprint(key.chain[1]))
    stranger = signing.create(tmp_path / "stranger", owner="Example Hospital", now=NOW)
    refused = {
        "other bytes": (b"plam", signature, key.chain, roots, NOW),
        "other key": (b"plan", stranger.sign(b"plan"), key.chain, roots, NOW),
        "other root": (b"plan", signature, key.chain, stranger.chain[-1:], NOW),
        "no root": (b"plan", signature, key.chain, (), NOW),
        "no chain": (b"plan", signature, (), roots, NOW),
        "too early": (b"plan", signature, key.chain, roots, NOW - timedelta(days=1)),
        "expired": (b"plan", signature, key.chain, roots, NOW + timedelta(days=folder.LEAF_DAYS + 1)),
        "leaf of another": (b"plan", signature, (key.chain[0], stranger.chain[1]), stranger.chain[1:], NOW),
        "too long": (b"plan", signature, key.chain[:1] * 6, roots, NOW),
    }
    for why, (data, signed, chain, trusted, at) in refused.items():
        with pytest.raises(SigningError):
            signing.verify(data, signed, chain=chain, roots=trusted, at=at)
            pytest.fail(why)


def test_the_root_need_not_travel_with_the_signature(key: signing.SigningKey) -> None:
    signing.verify(b"plan", key.sign(b"plan"), chain=key.chain[:1], roots=key.chain[1:], at=NOW)


def test_a_leaf_cannot_certify_another(key: signing.SigningKey) -> None:
    private = signing.new_private("ed25519")
    rogue = certificates.certify(private, owner="Rogue", issuer=(key.private, key.chain[0]), now=NOW, days=1)
    with pytest.raises(SigningError, match="no trusted root"):
        signing.verify(b"x", private.sign(b"x"), chain=(rogue, *key.chain), roots=key.chain[-1:], at=NOW)


def test_a_root_does_not_sign_statements(key: signing.SigningKey, tmp_path: Path) -> None:
    root_private = keys.read_ed25519(tmp_path / "key" / "root.key")
    with pytest.raises(SigningError):
        signing.verify(b"x", root_private.sign(b"x"), chain=key.chain[1:], roots=key.chain[1:], at=NOW)


@POSIX
def test_private_files_are_their_owners_alone_and_the_root_is_for_all(key: signing.SigningKey, tmp_path: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "key").iterdir()}
    assert modes["signing.pem"] == modes["root.key"] == modes["watermark.key"] == 0o600
    assert modes["root.pem"] & 0o044
    assert set(modes) == {"signing.pem", "root.key", "root.pem", "watermark.key"}


def test_the_watermark_key_is_32_random_bytes_that_a_renewal_keeps_or_adds(
    key: signing.SigningKey, tmp_path: Path
) -> None:
    folder = tmp_path / "key"
    secret = signing.watermark_secret(folder)
    assert len(secret) == 32
    assert signing.watermark_secret(folder / "signing.pem") == secret
    signing.renew(folder, now=NOW)
    assert signing.watermark_secret(folder) == secret
    (folder / "watermark.key").unlink()
    with pytest.raises(SigningError, match="misyn key renew"):
        signing.watermark_secret(folder)
    signing.renew(folder, now=NOW)
    assert signing.watermark_secret(folder) != secret
    (folder / "watermark.key").write_bytes(b"short")
    with pytest.raises(SigningError, match="64 hexadecimal digits"):
        signing.watermark_secret(folder)


@POSIX
def test_a_key_that_others_can_read_is_refused(key: signing.SigningKey, tmp_path: Path) -> None:
    (tmp_path / "key" / "signing.pem").chmod(0o640)
    with pytest.raises(SigningError, match="chmod 600"):
        signing.load(tmp_path / "key")


def test_nothing_is_overwritten(key: signing.SigningKey, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in (tmp_path / "key").iterdir()}
    with pytest.raises(SigningError, match=r"found signing\.pem, root\.pem, root\.key"):
        signing.create(tmp_path / "key", owner="Example Hospital", now=NOW)
    with pytest.raises(SigningError, match="found one"):
        signing.write_private(tmp_path / "key" / "signing.pem", signing.new_private("ed25519"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "key").iterdir()} == before


def test_a_renewed_key_has_the_same_root_and_the_old_one_is_set_aside(key: signing.SigningKey, tmp_path: Path) -> None:
    later = NOW + timedelta(days=300)
    renewed = signing.renew(tmp_path / "key", now=later)
    assert renewed.chain[1] == key.chain[1]
    assert renewed.chain[0] != key.chain[0]
    (aside,) = (tmp_path / "key").glob("signing-*.pem")
    assert signing.load(aside).chain == key.chain
    signing.verify(b"old", key.sign(b"old"), chain=key.chain, roots=renewed.chain[1:], at=later)


def test_renewal_needs_the_root_key_back(key: signing.SigningKey, tmp_path: Path) -> None:
    (tmp_path / "key" / "root.key").rename(tmp_path / "offline.key")
    with pytest.raises(SigningError, match=r"root\.key"):
        signing.renew(tmp_path / "key", now=NOW)
    assert signing.load(tmp_path / "key").chain == key.chain


def test_a_leaf_never_outlives_its_root(tmp_path: Path) -> None:
    made = signing.create(tmp_path / "key", owner="Example", now=NOW, leaf_days=folder.ROOT_DAYS * 2)
    assert made.chain[0].not_valid_after_utc == made.chain[1].not_valid_after_utc


@pytest.mark.parametrize("owner", ["", "x" * 65])
def test_an_owner_has_a_name_that_fits(owner: str, tmp_path: Path) -> None:
    with pytest.raises(SigningError, match="1 to 64"):
        signing.create(tmp_path / "key", owner=owner, now=NOW)
    assert not (tmp_path / "key").exists()


# --- finding ---


def test_a_key_is_found_by_what_was_given_then_the_environment_then_the_configuration(tmp_path: Path) -> None:
    places = {name: tmp_path / name for name in ("given", "environment")}
    config = tmp_path / "config" / "misyn" / "key"
    for place in (*places.values(), config):
        signing.create(place, owner="Example", now=NOW)
    environ = {"MISYN_KEY": str(places["environment"]), "XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": "h"}
    assert signing.find(places["given"], environ=environ) == places["given"]
    assert signing.find(environ=environ) == places["environment"]
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert signing.find(environ={**environ, "MISYN_KEY": ""}) == config
    assert signing.find(environ={"HOME": str(tmp_path)}) is None


@pytest.mark.parametrize("how", ["--key", "MISYN_KEY"])
def test_a_named_place_without_a_key_is_an_error_not_a_reason_to_look_elsewhere(how: str, tmp_path: Path) -> None:
    signing.create(tmp_path / "config" / "misyn" / "key", owner="Example", now=NOW)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path)}
    empty = tmp_path / "empty"
    with pytest.raises(SigningError, match=how):
        if how == "--key":
            signing.find(empty, environ=environ)
        else:
            signing.find(environ={**environ, "MISYN_KEY": str(empty)})


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("linux", "home/.config/misyn"), ("darwin", "home/Library/Application Support/misyn"), ("win32", "app/misyn")],
)
def test_the_configuration_folder_is_the_platforms(platform: str, expected: str) -> None:
    environ = {"HOME": "home", "APPDATA": "app"}
    assert signing.config_folder(environ, platform=platform).as_posix() == expected


# --- what is not a key ---


def test_a_file_that_holds_no_usable_key_is_refused_in_our_words(key: signing.SigningKey, tmp_path: Path) -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    locked = key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    )
    whole = (tmp_path / "key" / "signing.pem").read_bytes()
    contents = {"elliptic": elliptic, "locked": locked, "empty": b"", "torn": whole[:60], "no chain": key.private_pem}
    for name, data in contents.items():
        keys.write_secret(tmp_path / f"{name}.pem", data)
        with pytest.raises(SigningError) as caught:
            signing.load(tmp_path / f"{name}.pem")
        assert "PRIVATE" not in str(caught.value)
    with pytest.raises(SigningError, match="No such file"):
        signing.load(tmp_path / "absent.pem")


def test_a_key_with_the_certificate_of_another_is_refused(key: signing.SigningKey, tmp_path: Path) -> None:
    other = signing.create(tmp_path / "other", owner="Example", now=NOW)
    keys.write_secret(tmp_path / "mixed.pem", key.private_pem + other.chain_pem)
    with pytest.raises(SigningError, match="not the one of its key"):
        signing.load(tmp_path / "mixed.pem")


def test_trusted_roots_are_read_from_their_file(key: signing.SigningKey, tmp_path: Path) -> None:
    assert signing.load_roots(tmp_path / "key" / "root.pem") == key.chain[1:]
    (tmp_path / "bad.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for name in ("bad.pem", "absent.pem"):
        with pytest.raises(SigningError):
            signing.load_roots(tmp_path / name)


def test_a_private_key_is_not_in_what_is_printed(key: signing.SigningKey) -> None:
    assert "private" not in repr(key)


@pytest.mark.skipif(not signing.ml_dsa_available(), reason="this cryptography has no ML-DSA-44")
def test_an_ml_dsa_key_round_trips_through_its_file(tmp_path: Path) -> None:
    private = signing.new_private("ml-dsa-44")
    signing.write_private(tmp_path / "witness.key", private)
    read = signing.read_private(tmp_path / "witness.key")
    assert read.public_key().public_bytes_raw() == private.public_key().public_bytes_raw()
    assert signing.best_kind() == "ml-dsa-44"
    with pytest.raises(SigningError, match="expected an Ed25519 key"):
        keys.read_ed25519(tmp_path / "witness.key")
    signing.ml_dsa_public(private.public_key().public_bytes_raw()).verify(private.sign(b"x"), b"x")


def test_without_ml_dsa_the_best_kind_is_ed25519(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MLDSA44PrivateKey", None)
    monkeypatch.setattr(keys, "MLDSA44PublicKey", None)
    assert keys.best_kind() == "ed25519"
    with pytest.raises(SigningError, match="ML-DSA-44"):
        keys.new_private("ml-dsa-44")
    with pytest.raises(SigningError, match="ML-DSA-44"):
        keys.ml_dsa_public(bytes(1312))
