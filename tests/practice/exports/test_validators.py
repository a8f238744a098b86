"""Every export is valid under its own validator, network denied. One that is absent says so; in CI it fails."""

from __future__ import annotations

import importlib
import json
import logging
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from misyn.practice.exports import BY_NAME, EXPORTS, Subject
from misyn.practice.exports.croissant import RAI


def validator(module: str, *, extra: str = "test") -> Any:
    if importlib.util.find_spec(module.partition(".")[0]) is None and "MISYN_EVERY_VALIDATOR" not in os.environ:
        pytest.skip(
            f"{module} is not installed, so nothing is said here of its format. Next: pip install 'misyn[{extra}]'"
        )
    return importlib.import_module(module)


def files(name: str, subject: Subject, folder: Path) -> dict[str, Path]:
    written = BY_NAME[name].write(subject).files
    assert tuple(written) == BY_NAME[name].writes
    for file, data in written.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(data)
    return {file: folder / file for file in written}


def croissant(subject: Subject, folder: Path) -> None:
    mlcroissant = validator("mlcroissant", extra="export-test")
    path = files("croissant", subject, folder)["croissant.json"]
    metadata = mlcroissant.Dataset(jsonld=path).metadata
    assert not metadata.ctx.issues.errors
    said = json.loads(path.read_text(encoding="utf-8"))
    back = metadata.to_json()
    for key in ("rai:dataLimitations", "rai:dataBiases", "rai:dataUseCases", "creator"):
        assert isinstance(said.get(key, []), list) and bool(back.get(key)) == bool(said.get(key)), key
    told = {key for key in ("license", "url", "datePublished", "version") if key in said}
    warned = " ".join(metadata.ctx.issues.warnings)
    assert not [key for key in told if f'"https://schema.org/{key}"' in warned], warned


def huggingface(subject: Subject, folder: Path) -> None:
    hub = validator("huggingface_hub")
    paths = files("huggingface", subject, folder)
    for file, card_type in (("dataset/README.md", hub.DatasetCard), ("model/README.md", hub.ModelCard)):
        card = card_type.load(paths[file])
        data = card.data.to_dict()
        assert data["misyn"]["scope"] == subject.scope
        assert "synthetic-images" in data["tags"]
        again = card_type(str(card))  # written by the hub's own code, read again
        assert again.data.to_dict() == data
        assert again.text == card.text
        assert card.text.lstrip().startswith("# ")


def ro_crate(subject: Subject, folder: Path) -> None:
    rocrate = validator("rocrate.rocrate")
    path = files("ro-crate", subject, folder)["ro-crate-metadata.json"]
    graph = json.loads(path.read_text(encoding="utf-8"))["@graph"]
    crate = rocrate.ROCrate(str(folder))
    assert crate.root_dataset["name"] and crate.root_dataset["license"] and crate.root_dataset["datePublished"]
    assert {e.id for e in crate.get_entities()} == {node["@id"] for node in graph}
    for node in graph:  # every reference leads somewhere
        for value in node.values():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and set(item) == {"@id"} and item["@id"].startswith("#"):
                    assert crate.dereference(item["@id"]) is not None, item
    crate.metadata.write(str(folder / "again"))
    again = json.loads((folder / "again" / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    assert {node["@id"]: node for node in again} == {node["@id"]: node for node in graph}


def cyclonedx(subject: Subject, folder: Path) -> None:
    json_validator = validator("cyclonedx.validation.json")
    schema = validator("cyclonedx.schema")
    path = files("cyclonedx", subject, folder)["attestations.cdx.json"]
    text = path.read_text(encoding="utf-8")
    assert json_validator.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    refs = Counter(_values(document, "bom-ref"))
    assert max(refs.values()) == 1
    told = document["declarations"]
    for key in ("assessor", "target", "requirement"):
        assert set(_values(told, key)) <= set(refs), key
    for key in ("claims", "counterClaims", "evidence", "counterEvidence", "mitigationStrategies"):
        named = [
            ref for refs_ in _values(told, key) if isinstance(refs_, list) for ref in refs_ if isinstance(ref, str)
        ]
        assert set(named) <= set(refs), key


def oscal(subject: Subject, folder: Path) -> None:
    catalog = validator("trestle.oscal.catalog", extra="export-test")
    results = validator("trestle.oscal.assessment_results", extra="export-test")
    paths = files("oscal", subject, folder)
    controls = catalog.Catalog.oscal_read(paths["catalog.json"])
    assessed = results.AssessmentResults.oscal_read(paths["assessment-results.json"])
    assert controls is not None and assessed is not None
    known = {control.id for group in controls.groups for control in group.controls}
    parts = {part.id for group in controls.groups for control in group.controls for part in control.parts}
    seen = {row.uuid for row in assessed.results[0].observations}
    for finding in assessed.results[0].findings:
        assert finding.target.target_id in parts
        assert {row.observation_uuid for row in finding.related_observations} <= seen
    chosen = assessed.results[0].reviewed_controls.control_selections[0]
    named = {c.control_id for c in (*(chosen.include_controls or ()), *(chosen.exclude_controls or ()))}
    assert named == known


def spdx(subject: Subject, folder: Path) -> None:
    model = validator("spdx_python_model")
    path = files("spdx", subject, folder)["synthesis.spdx3.json"]
    bindings, objects = model.load_data(json.loads(path.read_text(encoding="utf-8")))
    assert not objects.missing_ids
    images = [o for o in objects.foreach_type(bindings.dataset_DatasetPackage) if o._id.endswith(":synthetic")]
    document = next(objects.foreach_type(bindings.SpdxDocument))
    assert len(images) == 1
    claimed = {str(profile).rsplit("/", 1)[-1] for profile in document.profileConformance}
    if "dataset" in claimed:  # what that profile requires of a dataset package, DatasetPackage in the SPDX model
        for needed in (
            "builtTime",
            "originatedBy",
            "releaseTime",
            "software_downloadLocation",
            "software_primaryPurpose",
        ):
            assert getattr(images[0], needed), needed
    for problem in bindings.__dict__.get("validate", lambda _: ())(objects):
        raise AssertionError(problem)


def prov(subject: Subject, folder: Path) -> None:
    model = validator("prov.model")
    path = files("prov", subject, folder)["provenance.prov.json"]
    document = model.ProvDocument.deserialize(str(path))
    again = model.ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
    assert document == again
    said = json.loads(path.read_text(encoding="utf-8"))
    for kind, count in (("ProvEntity", "entity"), ("ProvActivity", "activity"), ("ProvAgent", "agent")):
        assert len(list(document.get_records(getattr(model, kind)))) == len(said[count])
    named = {str(record.identifier) for record in document.get_records(model.ProvElement)}
    for relation in document.get_records(model.ProvRelation):
        assert {str(value) for _, value in relation.formal_attributes[:2]} <= named
    assert "wasDerivedFrom" in document.get_provn()


CHECKS: dict[str, Callable[[Subject, Path], None]] = {
    "croissant": croissant,
    "huggingface": huggingface,
    "ro-crate": ro_crate,
    "cyclonedx": cyclonedx,
    "oscal": oscal,
    "spdx": spdx,
    "prov": prov,
}


def _values(value: Any, key: str) -> list[Any]:
    """Every value under a key, wherever it stands."""
    if isinstance(value, list):
        return [found for item in value for found in _values(item, key)]
    if isinstance(value, dict):
        own = [value[key]] if key in value else []
        return own + [found for item in value.values() for found in _values(item, key)]
    return []


def test_every_export_has_a_validator() -> None:
    assert set(CHECKS) == {export.name for export in EXPORTS}


# Validators are other people's code: what they warn of is theirs.
theirs = pytest.mark.filterwarnings("ignore")


@theirs
@pytest.mark.parametrize("name", CHECKS)
def test_an_audited_record_is_valid(name: str, subject: Subject, tmp_path: Path) -> None:
    logging.disable(logging.CRITICAL)
    try:
        CHECKS[name](subject, tmp_path / "export")
    finally:
        logging.disable(logging.NOTSET)


@theirs
@pytest.mark.parametrize("name", CHECKS)
def test_a_bare_record_is_valid(name: str, bare: Subject, tmp_path: Path) -> None:
    CHECKS[name](bare, tmp_path / "export")


def test_croissant_claims_rai_only_where_there_is_content(bare: Subject, subject: Subject) -> None:
    for case, expected in ((bare, False), (subject, True)):
        written = BY_NAME["croissant"].write(case)
        document = json.loads(written.files["croissant.json"])
        content = [key for key in document if key.startswith("rai:") and key != "rai:hasSyntheticData"]
        assert (RAI in document["conformsTo"]) is expected
        assert bool(content) is expected
        assert document["rai:hasSyntheticData"] is True
        assert any("NeurIPS" in note for note in written.notes) is not expected


def test_spdx_claims_the_dataset_profile_only_where_all_it_requires_is_there(bare: Subject, subject: Subject) -> None:
    for case, expected in ((bare, False), (subject, True)):
        written = BY_NAME["spdx"].write(case)
        graph = json.loads(written.files["synthesis.spdx3.json"])["@graph"]
        document = next(node for node in graph if node["type"] == "SpdxDocument")
        assert ("dataset" in document["profileConformance"]) is expected
        assert bool(written.notes) is not expected


def test_cyclonedx_puts_what_refutes_beside_what_supports(subject: Subject) -> None:
    told = json.loads(BY_NAME["cyclonedx"].write(subject).files["attestations.cdx.json"])["declarations"]
    claims = {row["bom-ref"]: row for row in told["claims"]}
    assert "counterEvidence" in claims["claim:benefit:half-supported"]  # an upheld concern stands against it
    assert "evidence" in claims["claim:limitation:misses-many"]
    e2 = next(row for row in told["attestations"][0]["map"] if row["requirement"] == "requirement:E2")
    assert "claim:benefit:half-supported" in e2["counterClaims"] and "concern:0" in e2["counterClaims"]
    assert [row["thirdParty"] for row in told["assessors"]] == [False, True, True]
    assert "score" not in json.dumps(told).replace("No score", "")


def test_oscal_never_says_satisfied_of_what_is_not_met(subject: Subject) -> None:
    files_ = BY_NAME["oscal"].write(subject).files
    result = json.loads(files_["assessment-results.json"])["assessment-results"]["results"][0]
    status = {row["id"]: row["status"] for row in subject.findings}
    said = {row["title"].split(":")[0]: row["target"]["status"]["state"] for row in result["findings"]}
    assert {name for name, state in said.items() if state == "satisfied"} == {
        n for n, s in status.items() if s == "met"
    }
    assert not {n for n, s in status.items() if s in {"not-assessed", "not-applicable"}} & set(said)


def broken_croissant(folder: Path, subject: Subject) -> None:
    mlcroissant = validator("mlcroissant", extra="export-test")
    path = files("croissant", subject, folder)["croissant.json"]
    document = json.loads(path.read_text(encoding="utf-8"))
    document["distribution"] = [{"@type": "cr:FileObject", "@id": "a", "name": "a"}]  # no contentUrl, no hash
    path.write_text(json.dumps(document), encoding="utf-8")
    mlcroissant.Dataset(jsonld=path)


def broken_huggingface(folder: Path, subject: Subject) -> None:
    hub = validator("huggingface_hub")
    path = files("huggingface", subject, folder)["model/README.md"]
    path.write_text(path.read_text(encoding="utf-8").replace('tags: ["', 'tags: [["'), encoding="utf-8")
    hub.ModelCard.load(path)


def broken_ro_crate(folder: Path, subject: Subject) -> None:
    rocrate = validator("rocrate.rocrate")
    path = files("ro-crate", subject, folder)["ro-crate-metadata.json"]
    document = json.loads(path.read_text(encoding="utf-8"))
    document["@graph"] = [node for node in document["@graph"] if node["@id"] != "./"]
    path.write_text(json.dumps(document), encoding="utf-8")
    rocrate.ROCrate(str(folder))


def broken_cyclonedx(folder: Path, subject: Subject) -> None:
    json_validator = validator("cyclonedx.validation.json")
    schema = validator("cyclonedx.schema")
    path = files("cyclonedx", subject, folder)["attestations.cdx.json"]
    text = path.read_text(encoding="utf-8").replace('"thirdParty": false', '"thirdParty": "no"')
    problem = json_validator.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(text)
    assert problem is None, problem


def broken_oscal(folder: Path, subject: Subject) -> None:
    results = validator("trestle.oscal.assessment_results", extra="export-test")
    path = files("oscal", subject, folder)["assessment-results.json"]
    path.write_text(path.read_text(encoding="utf-8").replace('"not-satisfied"', '"nearly"'), encoding="utf-8")
    results.AssessmentResults.oscal_read(path)


def broken_spdx(folder: Path, subject: Subject) -> None:
    model = validator("spdx_python_model")
    path = files("spdx", subject, folder)["synthesis.spdx3.json"]
    text = path.read_text(encoding="utf-8").replace('"trainedOn"', '"tasted"')
    model.load_data(json.loads(text))


def broken_prov(folder: Path, subject: Subject) -> None:
    model = validator("prov.model")
    path = files("prov", subject, folder)["provenance.prov.json"]
    path.write_text(path.read_text(encoding="utf-8").replace('"misyn": "urn', '"other": "urn'), encoding="utf-8")
    model.ProvDocument.deserialize(str(path))


BROKEN = [
    broken_croissant,
    broken_huggingface,
    broken_ro_crate,
    broken_cyclonedx,
    broken_oscal,
    broken_spdx,
    broken_prov,
]


@theirs
@pytest.mark.parametrize("broken", BROKEN, ids=lambda f: f.__name__)
def test_the_validators_refuse_a_broken_export(
    broken: Callable[[Path, Subject], None], subject: Subject, tmp_path: Path
) -> None:
    with pytest.raises(Exception) as refused:  # each validator has its own kind
        broken(tmp_path / "export", subject)
    assert "reached for the network" not in str(refused.value)
