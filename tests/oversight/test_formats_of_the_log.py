"""The texts of C2SP: what others published is read, what must be rejected is, and each survives a round trip."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misyn.errors import MalformedLogData, NotProven, UsageError
from misyn.oversight.log import checkpoint, cosignature, lines, notes, proofs, tiles, tree
from misyn.signing import Kind, ml_dsa_available, new_private

VECTORS = Path(__file__).parent / "vectors"
# from the documentation of Go's x/mod/sumdb/note
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
# from C2SP tlog-checkpoint and tlog-witness
SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


# --- signed-note ---


def test_a_published_note_is_believed_with_its_key() -> None:
    note = notes.parse(PETERS.encode())
    (signature,) = notes.verified(note, [notes.NoteKey.from_vkey(PETER)])
    assert (signature.name, f"{signature.key_id:08x}") == ("PeterNeumann", "c74f20a3")
    assert note.to_bytes().decode() == PETERS


def test_signatures_of_unknown_keys_are_ignored() -> None:
    # "Verifiers MUST ignore signatures from unknown keys, even if they share a name or ID (but not both)"
    key = notes.NoteKey.from_vkey(PETER)
    note = notes.parse((PETERS + ENOCH).encode())
    same_name = notes.Signature("PeterNeumann", 1, b"x" * 64)
    same_id = notes.Signature("Other", key.key_id, b"x" * 64)
    crowded = note.with_signatures([same_name, same_id])
    assert [one.name for one in notes.verified(crowded, [key])] == ["PeterNeumann"]


def test_a_note_without_the_signature_of_a_trusted_key_is_not_believed() -> None:
    # "If no signature from a known key verifies successfully, clients MUST reject the note."
    stranger = notes.NoteSigner("PeterNeumann", new_private("ed25519")).verifier
    with pytest.raises(NotProven):
        notes.verified(notes.parse(PETERS.encode()), [stranger])
    with pytest.raises(NotProven):
        notes.verified(notes.parse(PETERS.encode()), [])


def test_a_wrong_signature_in_a_trusted_name_spoils_the_note() -> None:
    key = notes.NoteKey.from_vkey(PETER)
    wrong = notes.parse(PETERS.replace("your problem is", "my problem is").encode())
    with pytest.raises(NotProven, match="not its own"):
        notes.verified(wrong, [key])


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\n\n", b"\n"),  # no blank line
        lambda data: data[:-1],  # no newline at the end
        lambda data: data + b"\n",  # a blank line after the signatures
        lambda data: data.replace("—".encode(), b"-"),
        lambda data: data.replace(b"x08g", b"x08\xff"),
        lambda data: data.replace(b"is the", b"is\tthe"),
        lambda data: data.replace(b"PeterNeumann ", b" "),
        lambda data: data.replace(b"PeterNeumann ", b"Peter+Neumann "),
        lambda data: data.replace(b"AM=\n", b"AN=\n"),  # spare bits
        lambda data: data.replace(b"AM=\n", b"AM\n"),  # no padding
        lambda data: data.split(b"PeterNeumann ")[0] + b"PeterNeumann AAAAAA==\n",
        lambda data: data + ENOCH.encode() * notes.MOST_SIGNATURES,
        lambda data: b"x" * notes.MOST_BYTES + data,
        lambda _: b"",
    ],
    ids=range(14),
)
def test_what_is_no_note_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(MalformedLogData):
        notes.parse(change(PETERS.encode()))


def test_at_least_sixteen_signatures_are_read_even_large_ones() -> None:
    # "MUST accept at least up to 16 signatures … post-quantum signatures can be up to nearly 5kB in size"
    many = [notes.Signature(f"witness{n}", n, b"q" * 4900) for n in range(16)]
    note = notes.parse(PETERS.encode()).with_signatures(many)
    assert len(notes.parse(note.to_bytes()).signatures) == 17


def test_text_may_hold_blank_lines_and_any_language() -> None:
    signer = notes.NoteSigner("example.org/log", new_private("ed25519"))
    text = "Ognuno sta solo\n\ned è subito sera.\n"
    note = notes.Note(text, (signer.sign(text),))
    assert notes.parse(note.to_bytes()) == note
    assert notes.verified(note, [signer.verifier])


@pytest.mark.parametrize(
    "vkey",
    [
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER.replace("PeterNeumann", "Peter Neumann"),
        PETER.replace("+", ":", 1),
        PETER[:-4],
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # Go: wrong length
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # Go: unknown algorithm
    ],
)
def test_a_key_that_is_not_what_its_id_says_is_refused(vkey: str) -> None:
    with pytest.raises(MalformedLogData):
        notes.NoteKey.from_vkey(vkey)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_note_or_a_refusal(data: bytes) -> None:
    for read in (notes.parse, checkpoint.parse, proofs.parse):
        try:
            found = read(data)
        except MalformedLogData:
            continue
        assert found.to_bytes() == data


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SOFA.encode()) - 1), st.integers(0, 255))
def test_a_checkpoint_with_one_byte_changed_is_refused_or_reads_as_another(at: int, byte: int) -> None:
    data = bytearray(SOFA.encode())
    if data[at] == byte:
        return
    data[at] = byte
    try:
        found = checkpoint.parse(bytes(data))
    except MalformedLogData:
        return
    assert found.to_bytes() == bytes(data) != SOFA.encode()


# --- tlog-checkpoint ---


def test_the_published_checkpoint_is_read() -> None:
    found = checkpoint.parse(SOFA.encode()).checkpoint
    assert (found.origin, found.size, found.root.hex()[:8]) == ("example.com/behind-the-sofa", 20852163, "0ac5186a")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20852163", "020852163"),
        ("20852163", "+20852163"),
        ("20852163", "20852163 "),
        ("20852163", "-1"),
        ("20852163", "9223372036854775808"),
        ("20852163", "٣"),
        ("q2I=", "q2J="),
        ("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", "AAAA"),
        ("example.com/behind-the-sofa\n2", "\n2"),
        ("\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", ""),
    ],
)
def test_a_checkpoint_has_one_spelling(old: str, new: str) -> None:
    text = SOFA.partition("\n\n")[0] + "\n"
    with pytest.raises(MalformedLogData):
        checkpoint.parse_text(text.replace(old, new, 1))


def test_extension_lines_are_kept_and_empty_ones_refused() -> None:
    text = SOFA.partition("\n\n")[0] + "\nmore\n"
    assert checkpoint.parse_text(text).extension == ("more",)
    assert checkpoint.parse_text(text).text == text
    with pytest.raises(MalformedLogData):
        checkpoint.parse_text(text + "\n")


def test_a_checkpoint_under_another_logs_name_is_not_believed() -> None:
    signer = notes.NoteSigner("example.org/other", new_private("ed25519"))
    text = checkpoint.Checkpoint("example.org/log", 1, b"r" * 32).text
    signed = checkpoint.parse(notes.Note(text, (signer.sign(text),)).to_bytes())
    with pytest.raises(NotProven, match="another log"):
        checkpoint.by_log(signed, [signer.verifier])


# --- tlog-cosignature ---


def test_an_ml_dsa_signature_that_other_software_made_is_believed() -> None:
    if not ml_dsa_available():
        pytest.skip("this cryptography has no ML-DSA-44")
    key = cosignature.WitnessKey.from_vkey((VECTORS / "mldsa-log.vkey").read_text().strip())
    signed = checkpoint.parse((VECTORS / "mldsa-log.checkpoint").read_bytes())
    (signature,) = notes.verified(signed.note, [key])
    assert cosignature.time_of(signature) == 0
    other = notes.Note(signed.note.text.replace("\n1\n", "\n2\n"), signed.note.signatures)
    with pytest.raises(NotProven):
        notes.verified(other, [key])


KINDS = ["ed25519", pytest.param("ml-dsa-44", marks=pytest.mark.skipif(not ml_dsa_available(), reason="no ML-DSA"))]
TEXT = checkpoint.Checkpoint("example.org/log", 5, b"r" * 32).text


@pytest.mark.parametrize("kind", KINDS)
def test_a_cosignature_covers_tree_log_and_time(kind: Kind) -> None:
    signer = cosignature.WitnessSigner("witness.example/w1", new_private(kind))
    key, signed = signer.verifier, signer.cosign(TEXT, time=1_679_315_147)
    key.verify(TEXT, signed.signature)
    assert cosignature.WitnessKey.from_vkey(key.vkey) == key
    for other in (
        TEXT.replace("\n5\n", "\n6\n"),
        TEXT.replace("example.org/log", "example.org/lob"),
        checkpoint.Checkpoint("example.org/log", 5, b"s" * 32).text,
        "no checkpoint\n",
    ):
        with pytest.raises(NotProven):
            key.verify(other, signed.signature)
    later = (1_679_315_148).to_bytes(8, "big") + signed.signature[8:]
    for signature in (later, signed.signature[:-1], b"\xff" * 8 + signed.signature[8:]):
        with pytest.raises(NotProven):
            key.verify(TEXT, signature)


def test_what_an_ed25519_witness_signs_is_as_written_down() -> None:
    # "cosignature/v1", "time …", then the whole note text
    private = new_private("ed25519")
    signed = cosignature.WitnessSigner("w", private).cosign(TEXT, time=1_679_315_147)
    message = b"cosignature/v1\ntime 1679315147\n" + TEXT.encode()
    private.public_key().verify(signed.signature[8:], message)
    assert signed.signature[:8] == (1_679_315_147).to_bytes(8, "big")


def test_an_ml_dsa_cosignature_names_its_witness_and_covers_no_extension() -> None:
    if not ml_dsa_available():
        pytest.skip("this cryptography has no ML-DSA-44")
    private = new_private("ml-dsa-44")
    signed = cosignature.WitnessSigner("witness.example/w1", private).cosign(TEXT, time=7)
    renamed = cosignature.WitnessSigner("witness.example/w2", private).verifier
    with pytest.raises(NotProven):
        renamed.verify(TEXT, signed.signature)
    with pytest.raises(UsageError, match="extension"):
        cosignature.WitnessSigner("witness.example/w1", private).cosign(TEXT + "more\n", time=7)


def test_an_empty_tree_has_one_root() -> None:
    signer = cosignature.WitnessSigner("w", new_private("ed25519"))
    signer.cosign(checkpoint.Checkpoint("o", 0, tree.EMPTY_ROOT).text, time=1)
    with pytest.raises(UsageError, match="no entries"):
        signer.cosign(checkpoint.Checkpoint("o", 0, b"r" * 32).text, time=1)


# --- tlog-tiles ---


def test_tiles_and_bundles_are_those_of_the_published_example() -> None:
    # "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile of width 112, one
    # full level 1 tile, one partial level 1 tile of width 17, and one partial level 2 tile of width 1"
    found = list(tiles.tiles_of(70_000))
    widths = [(one.level, one.width) for one in found]
    assert widths.count((0, 256)) == 273
    assert [one for one in widths if one != (0, 256)] == [(0, 112), (1, 256), (1, 17), (2, 1)]
    assert [one.path for one in tiles.tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert tiles.Tile(0, 1_234_067, 256).path == "tile/0/x001/x234/067"
    assert tiles.Bundle(1_234_067, 5).path == "tile/entries/x001/x234/067.p/5"
    assert not list(tiles.tiles_of(0))
    assert not list(tiles.bundles_of(0))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 900), st.integers(0, 900))
def test_what_a_grown_log_adds_is_what_it_serves_and_did_not_serve_before(old: int, more: int) -> None:
    new = old + more
    before, after = set(tiles.tiles_of(old)), set(tiles.tiles_of(new))
    assert set(tiles.tiles_of(new, since=old)) == after - before
    assert set(tiles.bundles_of(new, since=old)) == set(tiles.bundles_of(new)) - set(tiles.bundles_of(old))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 700), st.data())
def test_tiles_have_the_hash_of_every_range(size: int, data: st.DataObject) -> None:
    leaves = [tree.leaf_hash(n.to_bytes(2, "big")) for n in range(size)]
    kept: dict[tuple[int, int], list[bytes]] = {}
    level = leaves
    for number in range(3):
        kept |= {(number, n // 256): level[n : n + 256] for n in range(0, len(level), 256)}
        level = [tree.root(level[n : n + 256]) for n in range(0, len(level) - len(level) % 256, 256)]
    found = tiles.TileTree(size, lambda tile: b"".join(kept[tile.level, tile.index][: tile.width]))
    assert found.root() == tree.root(leaves) == tree.fold(found.peaks())
    earlier = data.draw(st.integers(0, size))
    assert found.earlier(earlier).root() == tree.root(leaves[:earlier])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_round_trip_and_torn_ones_are_refused(entries: list[bytes]) -> None:
    data = tiles.encode_bundle(entries)
    assert tiles.decode_bundle(data, width=len(entries)) == entries
    for torn in (data[:-1], data + b"\0", data + b"\0\0"):
        if torn != data:
            with pytest.raises(MalformedLogData):
                tiles.decode_bundle(torn, width=len(entries))


def test_an_entry_longer_than_its_length_can_say_is_refused() -> None:
    tiles.encode_bundle([b"x" * 65_535])
    with pytest.raises(UsageError):
        tiles.encode_bundle([b"x" * 65_536])


# --- tlog-proof ---


def proof(extra: bytes | None = b"more") -> proofs.Proof:
    leaves = [tree.leaf_hash(bytes([n])) for n in range(5)]
    signer = notes.NoteSigner("example.org/log", new_private("ed25519"))
    text = checkpoint.Checkpoint("example.org/log", 5, tree.root(leaves)).text
    signed = checkpoint.SignedCheckpoint(checkpoint.parse_text(text), notes.Note(text, (signer.sign(text),)))
    path = tuple(tree.inclusion_path(3, 5, mth=lambda lo, hi: tree.root(leaves[lo:hi])))
    return proofs.Proof(3, path, signed, extra)


@pytest.mark.parametrize("extra", [None, b"", b"more"])
def test_a_proof_round_trips(extra: bytes | None) -> None:
    made = proof(extra)
    text = made.to_bytes().decode()
    assert text.startswith("c2sp.org/tlog-proof@v1\n" + ("" if extra is None else "extra "))
    assert proofs.parse(made.to_bytes()) == made
    made.verify(bytes([3]))
    with pytest.raises(NotProven):
        made.verify(bytes([4]))


@pytest.mark.parametrize(
    "data",  # the published error cases of transparency-dev/merkle's tlog_proof_test
    [
        b"wrong-header\nindex 0\n\ncheckpoint\n",
        b"c2sp.org/tlog-proof@v1\nextra !!notbase64!!\nindex 0\n\ncheckpoint\n",
        b"c2sp.org/tlog-proof@v1\n\n\ncheckpoint\n",
        b"c2sp.org/tlog-proof@v1\nindex notanumber\n\ncheckpoint\n",
        b"c2sp.org/tlog-proof@v1\nindex -5\n\ncheckpoint\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n!!notbase64!!\n\ncheckpoint\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + base64.b64encode(bytes(64)) + b"\n\ncheckpoint\n",
        b"c2sp.org/tlog-proof@v1\nindex 01\n\n" + SOFA.encode(),
        b"c2sp.org/tlog-proof@v1\nindex 1\nextra AAAA\n\n" + SOFA.encode(),
        b"c2sp.org/tlog-proof@v1\nindex 1\n" + (base64.b64encode(bytes(32)) + b"\n") * 64 + b"\n" + SOFA.encode(),
    ],
    ids=range(10),
)
def test_what_is_no_proof_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedLogData):
        proofs.parse(data)


@settings(max_examples=150, deadline=None)
@given(st.integers(0), st.integers(0, 7))
def test_a_proof_with_one_bit_flipped_proves_nothing_or_changes_only_what_is_not_proven(at: int, bit: int) -> None:
    data = bytearray(PROOF)
    at %= len(data)
    data[at] ^= 1 << bit
    try:
        found = proofs.parse(bytes(data))
        found.verify(bytes([3]))
        checkpoint.by_log(found.signed, [KEY])
    except (MalformedLogData, NotProven):
        return
    assert found.extra != b"more"  # "extra … is not authenticated"


MADE = proof()
PROOF = MADE.to_bytes()


class _AnyKey:
    """Stands in for the key of a proof made above, by the signature it made."""

    name = "example.org/log"
    key_id = MADE.signed.note.signatures[0].key_id
    vkey = ""

    def verify(self, text: str, signature: bytes) -> None:
        if (text, signature) != (MADE.signed.note.text, MADE.signed.note.signatures[0].signature):
            raise NotProven("changed")


KEY = _AnyKey()


def test_numbers_and_base64_have_one_spelling() -> None:
    assert lines.decimal("9223372036854775807") == 2**63 - 1
    for text in ("", "00", "1_0", " 1", "1\n", "²"):
        with pytest.raises(MalformedLogData):
            lines.decimal(text)
    for text in ("AA", "AA==\n", "AB==", "A A=", "ÄÄ==", "AA-_"):
        with pytest.raises(MalformedLogData):
            lines.unbase64(text)
