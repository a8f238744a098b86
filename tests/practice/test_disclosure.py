"""What leaves the machine is aggregate: no places, no rows per image, no small groups nor what gives them away."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from misyn.practice import bundle, checking, disclosure, findings, reviewed, withholding
from misyn.practice import record as records
from misyn.practice.exports.disclosure import guard
from misyn.practice.record import Record
from misyn.results import Caveat, Evidence

SECRETS = ("anna", "ward", "per_image", "0.123456", "hospital-disk", "sex=X", "site=z", "(n = 3)", "notes-dir")


def secret_record(folder: Path) -> Record:
    (folder / "notes-dir").mkdir()
    (folder / "notes-dir" / "need.txt").write_text("needed", encoding="utf-8")
    (folder / "anna masks").mkdir()
    content = {
        "misyn": 1,
        "technique": {"name": "demo", "version": "1", "weights": "/mnt/hospital-disk/w.pt"},
        "responsible": "A. Person",
        "problem": {"need": "Few images.", "evidence": f"file:{folder}/notes-dir/need.txt"},
        "data": {
            "training": {"path": "/mnt/ward 3/anna", "table": "ward.csv", "masks": "anna masks", "key": "image"},
            "synthetic": {"path": "../ward/drawn"},
        },
    }
    (folder / "misyn.yaml").write_text(json.dumps(content), encoding="utf-8")
    return records.load(folder / "misyn.yaml")


def small(evaluation: dict[str, Any]) -> dict[str, Any]:
    """An evaluation with groups under ten in two columns, and with what must not leave."""
    content = copy.deepcopy(evaluation)
    row = next(row for row in content["estimates"] if row["name"] == "coverage")
    for told in content["estimates"]:
        if told["set"] == "training" and str(told["group"]).startswith("sex="):
            told["n_medical"] = 198
    groups = {"site=z": 3, "site=y": 30, "site=x": 367}
    content["estimates"] += [row | {"group": group, "n_medical": n} for group, n in groups.items()]
    content["estimates"].append(row | {"name": "mmd2", "per_image": [0.123456], "nearest": ["ward/anna.png"]})
    content["sets"]["training"]["groups"] = {
        "sex=F": 198,
        "sex=M": 198,
        "sex=X": 4,
        "site=z": 3,
        "site=y": 30,
        "site=x": 367,
    }
    content["embedding"] = [[0.123456]]
    content["warnings"] = [
        {"id": "small-group", "text": "Of the training images, these groups get no number: site=z (n = 3)"},
        {"id": "table-problems", "text": "Training images: /mnt/ward/anna.csv has no rows"},
    ]
    return content


def test_nothing_that_leads_to_a_patient_is_in_a_bundle(tmp_path: Path, evaluation: dict[str, Any]) -> None:
    record = secret_record(tmp_path)
    seen = {"evaluation": Evidence("evaluation", small(evaluation))}
    told = [Caveat("training-not-found", f"nothing at {record.file('data.training.path')}")]
    bundle.write(tmp_path / "b.zip", record=record, evidence=seen, caveats=told, version="0", seed=0)
    data = (tmp_path / "b.zip").read_bytes().decode("latin-1")
    assert [secret for secret in (*SECRETS, str(tmp_path)) if secret in data] == []
    assert checking.check(tmp_path / "b.zip").holds


def test_small_groups_go_with_what_gives_them_away(evaluation: dict[str, Any]) -> None:
    shown = withholding.suppressed(small(evaluation))
    groups = shown["sets"]["training"]["groups"]
    assert set(groups) == {"site=x", "sex=M"}  # X and one more of sex, z and one more of site
    rows = {row["group"] for row in shown["estimates"] if row["set"] == "training"}
    assert rows == {None, "site=x", "sex=M"}
    assert shown["suppressed"] == [
        {"set": "training", "column": "sex", "groups": 2},
        {"set": "training", "column": "site", "groups": 2},
    ]


def test_a_table_of_combined_columns_goes_whole_where_it_does_not_list_everybody(evaluation: dict[str, Any]) -> None:
    row = next(row for row in evaluation["estimates"] if row["name"] == "coverage")
    cells = {"sex=F & site=x": 150, "sex=M & site=x": 150, "sex=F & site=y": 50, "sex=M & site=y": 50}
    rows = [row | {"group": group, "n_medical": n} for group, n in cells.items()]
    whole = withholding.suppressed(evaluation | {"estimates": [*evaluation["estimates"], *rows]})
    assert {row["group"] for row in whole["estimates"]} >= set(cells)
    less = withholding.suppressed(evaluation | {"estimates": [*evaluation["estimates"], *rows[1:]]})
    assert not {row["group"] for row in less["estimates"]} & set(cells)


def test_a_group_of_many_images_and_few_patients_is_small(evaluation: dict[str, Any]) -> None:
    """The evaluation gave it no number, though its images are counted."""
    content = copy.deepcopy(evaluation)
    content["sets"]["training"]["groups"] = {"sex=F": 190, "sex=M": 190, "sex=X": 20}
    groups = withholding.suppressed(content)["sets"]["training"]["groups"]
    assert "sex=X" not in groups


def test_where_no_group_is_small_nothing_changes(evaluation: dict[str, Any], marks: dict[str, Any]) -> None:
    record = records.parse("{misyn: 1, technique: {name: demo}, responsible: A}")
    seen = {"evaluation": Evidence("evaluation", evaluation), "marks": Evidence("marks", marks)}
    shown = disclosure.disclose(record, seen)
    assert {kind: e.digest for kind, e in shown.evidence.items()} == {kind: e.digest for kind, e in seen.items()}
    assert shown.record.digest == record.digest


CELLS = st.dictionaries(
    st.sampled_from(["s=a", "s=b", "s=c", "s=d"]), st.tuples(st.integers(1, 40), st.integers(1, 15))
)


@given(cells=CELLS, known=st.booleans(), n_patients=st.integers(1, 60))
def test_bundles_and_exports_withhold_the_same_groups(
    cells: dict[str, tuple[int, int]], known: bool, n_patients: int
) -> None:
    groups = {name: n for name, (n, _) in cells.items()}
    told = {
        "n": sum(groups.values()),
        "n_patients": n_patients,
        "patients_known": known,
        "groups": groups,
        "labels": {},
    }
    rows = [
        {"name": "coverage", "set": "training", "group": name, "value": 0.5, "n_medical": n, "n_patients": patients}
        for name, (n, patients) in cells.items()
    ]
    content = {"sets": {"training": told}, "estimates": rows, "tests": []}
    bundled, exported = withholding.suppressed(content), guard(content)
    shown = bundled["sets"]["training"]["groups"]
    assert shown == exported.cells("training", groups)
    assert bundled["estimates"] == [row for row in rows if exported.allows(row)]
    assert all(min(cells[name]) >= 10 for name in shown)
    if known and n_patients < 10:
        assert not shown
    if shown and shown != groups:  # two groups and ten images are missing together
        assert len(groups) - len(shown) >= 2
        assert sum(groups.values()) - sum(shown.values()) >= 10


@given(sizes=st.dictionaries(st.sampled_from([f"c={i}" for i in range(8)]), st.integers(0, 60), min_size=1))
def test_what_is_hidden_cannot_be_had_back_by_subtraction(sizes: dict[str, int]) -> None:
    total = sum(sizes.values())
    gone = withholding.hidden(sizes, total=total)
    missing = total - sum(n for group, n in sizes.items() if group not in gone)
    assert {group for group, n in sizes.items() if n < 10} <= gone
    assert missing == 0 or missing >= 10 or gone == set(sizes)
    if any(0 < n < 10 for n in sizes.values()):
        assert gone == set(sizes) or sum(n > 0 for group, n in sizes.items() if group in gone) >= 2


@pytest.mark.parametrize("current", [True, False], ids=["current", "ended"])
def test_a_judgement_stands_in_the_bundle_exactly_where_it_stands_outside(
    tmp_path: Path, evaluation: dict[str, Any], *, current: bool
) -> None:
    record = secret_record(tmp_path)
    seen = {"evaluation": Evidence("evaluation", small(evaluation))}
    rows: list[dict[str, Any]] = [
        dict[str, Any](reviewer="B. Other", about=about, decision="agree", reason="read", interests="none")
        | {"basis": reviewed.basis(about, record, seen) if current else "sha256:" + "0" * 64}
        for about in ("P1", "T4", "D3")
    ]
    seen["reviews"] = Evidence("reviews", {"schema": "misyn/reviews/1", "reviews": rows})
    shown = disclosure.disclose(record, seen)
    states = [s.state for s in reviewed.standings(shown.record, shown.evidence)]
    assert states == [s.state for s in reviewed.standings(record, seen)] == ["current" if current else "ended"] * 3
    before, after = (
        {f.id: f.status for f in findings.judge(*world) if f.id in {"P1", "T4", "D3", "O4"}}
        for world in ((record, seen), (shown.record, shown.evidence))
    )
    assert before == after


def test_a_status_that_small_groups_carried_is_listed_as_local(tmp_path: Path, evaluation: dict[str, Any]) -> None:
    row = next(row for row in evaluation["estimates"] if row["name"] == "coverage")
    rows = [row | {"group": group, "n_medical": n} for group, n in (("site=z", 3), ("site=x", 397))]
    kept = [row for row in evaluation["estimates"] if row["group"] is None]
    seen = {"evaluation": Evidence("evaluation", evaluation | {"estimates": [*kept, *rows]})}
    record = records.parse("{misyn: 1, technique: {name: demo}, responsible: A}")
    bundle.write(tmp_path / "b.zip", record=record, evidence=seen, caveats=(), version="0", seed=0)
    found = checking.check(tmp_path / "b.zip")
    assert found.holds
    assert {"about": "E8", "status": "met"} in found.content["local"]
    assert found.content["warnings"][0]["id"] == "groups-withheld"
