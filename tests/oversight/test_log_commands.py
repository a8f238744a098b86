"""``misyn log`` and ``misyn key`` from the outside: what they print, what they write, and how they leave."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from misyn.cli import key as key_command
from misyn.cli import log as log_command

GROUPS = {"log": log_command.command, "key": key_command.command}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    monkeypatch.delenv("MISYN_KEY", raising=False)


def run(line: str, *, exit_code: int = 0, input: bytes | None = None) -> Result:  # noqa: A002 - click's word
    group, *arguments = line.split()
    result = CliRunner().invoke(GROUPS[group], arguments, input=input)
    assert result.exit_code == exit_code, result.output + repr(result.exception)
    assert "Traceback" not in result.output
    return result


def said(line: str, *, exit_code: int = 0) -> Any:
    return json.loads(run(f"{line} --json", exit_code=exit_code).stdout)


def setting() -> str:
    """A log, two witnesses, a policy that wants both, a signing key, and two files."""
    vkey: str = said("log init L --origin example.org/log")["vkey"]
    one = said(f"log witness new W1 --name w1.example --log {vkey}")["vkey"]
    two = said(f"log witness new W2 --name w2.example --log {vkey} --kind ed25519")["vkey"]
    policy = f"log {vkey}\nwitness w1 {one}\nwitness w2 {two}\ngroup both all w1 w2\nquorum both\n"
    Path("policy").write_text(policy)
    said("key new K --owner Hospital")
    Path("plan.md").write_text("our plan")
    Path("evidence.json").write_text("{}")
    return vkey


def test_a_signed_plan_is_shown_to_have_existed_before_the_evidence_offline() -> None:
    """Plan first, evidence later: E1. Everything that checks it is in files."""
    setting()
    witnesses = "--witness W1 --witness W2"
    (entry,) = said(f"log append L plan.md --kind plan --key K {witnesses}")["entries"]
    assert entry == {"file": "plan.md", "index": 0, "proof": "plan.md.tlog-proof"}
    run(f"log append L evidence.json --kind evidence {witnesses}")
    question = "log check plan.md.tlog-proof plan.md --policy policy --trust K/root.pem"
    (answer,) = said(f"{question} --before evidence.json.tlog-proof")["answers"]
    assert (answer["holds"], answer["signer"]["name"], answer["kind"]) == (True, "Hospital", "plan")
    assert answer["order"] == (
        "entry 0 comes before entry 1 in example.org/log, of checkpoints whose witnesses saw one log grow"
    )
    assert answer["witnesses"] == ["w1", "w2"]
    assert answer["unsafe"] == []
    assert 0 <= answer["age_seconds"] < 100
    assert said(f"{question} --before 2999-01-01")["answers"][0]["holds"]
    text = run(question).stdout
    assert "signed by Hospital" in text
    assert "h old" in text


def test_the_answer_is_no_with_exit_status_1_and_a_reason() -> None:
    setting()
    run("log append L plan.md --kind plan --witness W1 --witness W2")
    run("log append L evidence.json --kind evidence --witness W1 --witness W2")
    plan, evidence = "log check plan.md.tlog-proof", "log check evidence.json.tlog-proof"
    cases = {
        f"{plan} evidence.json --policy policy": "another file",
        f"{plan} plan.md --policy policy --trust K/root.pem": "commits to no signed statement",
        f"{plan} plan.md --policy policy --before 2001-01-01": "and not earlier",
        f"{evidence} evidence.json --policy policy --before plan.md.tlog-proof": "does not come before",
    }
    for line, why in cases.items():
        (answer,) = said(line, exit_code=1)["answers"]
        assert (answer["holds"], why in answer["reason"]) == (False, True), answer
    proof = Path("plan.md.tlog-proof")
    proof.write_bytes(proof.read_bytes()[:-20])
    assert run(f"{plan} plan.md --policy policy", exit_code=1).stdout.startswith("NO  plan.md")


def test_without_a_quorum_it_takes_the_unsafe_flag_and_the_answer_says_so() -> None:
    setting()
    run("log append L plan.md --kind plan --witness W1")
    question = "log check plan.md.tlog-proof plan.md --policy policy"
    assert "policy wants 2 of 2" in said(question, exit_code=1)["answers"][0]["reason"]
    (answer,) = said(f"{question} --unsafe-without-cosignatures")["answers"]
    assert (answer["age_seconds"], len(answer["unsafe"])) == (None, 1)
    assert "nobody vouches" in run(f"{question} --unsafe-without-cosignatures").stdout


def test_every_proof_in_a_folder_is_checked_against_its_file() -> None:
    setting()
    run("log append L plan.md evidence.json --kind record --witness W1 --witness W2")
    answers = said("log check . --policy policy")["answers"]
    assert [(answer["file"], answer["holds"]) for answer in answers] == [("evidence.json", True), ("plan.md", True)]
    Path("plan.md").write_text("our plan, changed afterwards")
    Path("evidence.json").unlink()
    answers = said("log check . --policy policy", exit_code=1)["answers"]
    assert [answer["holds"] for answer in answers] == [False, False]
    Path("empty").mkdir()
    run("log check empty --policy policy", exit_code=1)


def test_requests_and_answers_of_a_witness_are_files() -> None:
    setting()
    Path("L/policy").write_bytes(Path("policy").read_bytes())
    (entry,) = said("log append L plan.md --kind plan")["entries"]
    assert entry["proof"] is None  # the policy is not met yet
    run("log prove L 0", exit_code=2)
    keys = {line.split()[1]: line.split()[2] for line in Path("policy").read_text().splitlines()[1:3]}
    for name, folder in (("w1", "W1"), ("w2", "W2")):
        request = run("log witness request L").stdout_bytes
        answer = run(f"log witness answer {folder} -", input=request)
        run(f"log witness attach L - --key {keys[name]}", input=answer.stdout_bytes)
    run("log prove L 0 --out plan.md.tlog-proof")
    assert said("log check plan.md.tlog-proof plan.md --policy policy")["answers"][0]["holds"]
    again = run("log witness answer W1 -", input=run("log witness request L").stdout_bytes, exit_code=1)
    assert "1\n" in again.stderr  # it knows one entry
    assert "answers 409" in again.stderr


def test_fsck_and_mirror_say_what_they_found() -> None:
    setting()
    run("log append L plan.md --kind plan --witness W1 --witness W2")
    report = said("log fsck L")
    assert (report["clean"], report["entries"], report["problems"]) == (True, 1, [])
    copied = said("log mirror L M --policy policy")
    assert (copied["mirrored"], copied["entries"], copied["unsafe"]) == (True, 1, [])
    assert said("log fsck M --policy policy")["clean"]
    bundle = Path("L/public/tile/entries/000.p/1")
    bundle.write_bytes(bundle.read_bytes()[:-1])
    report = said("log fsck L", exit_code=1)
    assert [one["where"] for one in report["problems"]] == ["public/tile/entries/000.p/1"]
    assert "--restore-public" in report["problems"][0]["next"]
    assert said("log fsck L --restore-public")["clean"]
    run("log append L evidence.json --kind evidence")
    refused = said("log mirror L M --policy policy", exit_code=1)
    assert "policy wants" in refused["reason"]


def test_a_key_is_rotated_and_the_old_one_retired() -> None:
    vkey = setting()
    keys = said("log rotate L")["keys"]
    assert [one["active"] for one in keys] == [True, True]
    old = vkey.split("+")[1]
    assert [one["active"] for one in said(f"log rotate L --retire {old}")["keys"]] == [False, True]
    run("log rotate L --retire zzzz", exit_code=2)
    assert said("log fsck L")["clean"]


def test_forgetting_is_logged_and_done() -> None:
    setting()
    run("log append L plan.md --kind plan")
    assert said("log forget L 0 --reason evidence.json") == {"forgotten": 0, "removal": 1}
    assert said("log fsck L")["clean"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("log append L plan.md --kind plan", "misyn log init"),
        ("log fsck nowhere", "expected a log"),
        ("log mirror nowhere M --policy absent", "expected a log"),
        ("log prove L 0", "misyn log init"),
        ("key show", "misyn key new"),
        ("key renew nowhere", "misyn key new"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_status_2(line: str, words: str) -> None:
    Path("L").mkdir()
    Path("plan.md").write_text("plan")
    result = run(line, exit_code=2)
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


def test_nothing_is_half_written_when_a_file_is_missing() -> None:
    setting()
    run("log append L plan.md absent.md --kind plan", exit_code=2)
    assert said("log fsck L")["entries"] == 0
    assert not Path("plan.md.tlog-proof").exists()
    Path("other").mkdir()
    Path("other/plan.md").write_text("another plan")
    assert "one name" in run("log append L plan.md other/plan.md --kind plan --out proofs", exit_code=2).stderr


def test_names_with_spaces_and_other_letters_are_names() -> None:
    setting()
    name = "Plan für die Studie.md"
    Path(name).write_text("plan")
    result = CliRunner().invoke(
        log_command.command, ["append", "L", name, "--kind", "plan", "--witness", "W1", "--witness", "W2"]
    )
    assert result.exit_code == 0
    assert Path(f"{name}.tlog-proof").is_file()


def test_a_key_is_made_found_and_renewed(tmp_path: Path) -> None:
    made = said("key new --owner Hospital")
    assert Path(made["folder"]).is_relative_to(tmp_path / "home")
    assert said("key show")["certificate"] == made["certificate"]
    renewed = said("key renew")
    assert renewed["root"] == made["root"]
    assert renewed["certificate"] != made["certificate"]
    assert "hand out" in run("key show").stdout
    assert "found signing.pem" in run("key new --owner Hospital", exit_code=2).stderr


def test_help_imports_neither_cryptography_nor_a_database() -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from misyn.cli import log, key\n"
        "for command in (log.command, key.command, *log.command.commands.values()):\n"
        "    assert CliRunner().invoke(command, ['--help']).exit_code == 0\n"
        "print(sorted({'cryptography', 'sqlite3', 'psycopg', 'numpy', 'misyn.oversight'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_of_the_documentation_runs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "log.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    Path("plan.md").write_text("our plan")
    Path("evaluation.json").write_text("{}")
    for line in block.splitlines():
        command, _, comment = line.removeprefix("$ misyn ").partition("#")
        group, *arguments = shlex.split(command)
        result = CliRunner().invoke(GROUPS[group], arguments)
        assert result.exit_code == (1 if "exit status 1" in comment else 0), line + result.output
        if "init" in arguments:
            Path("policy").write_text(f"log {result.stdout.splitlines()[0]}\nquorum none\n")
