from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "numpy",
    "scipy",
    "pyarrow",
    "pandas",
    "matplotlib",
    "PIL",
    "pydicom",
    "nibabel",
    "skimage",
    "tifffile",
    "torch",
)

# A whole record judged with every heavy package made impossible to import.
SCRIPT = f"""
import sys
for name in {HEAVY!r}:
    sys.modules[name] = None
from misyn.practice import catalogue, claims, findings, phases, record
from misyn.results import Evidence
r = record.parse("{{misyn: 1, technique: {{name: d}}, responsible: A, claims: [{{id: c, kind: benefit, text: t, expects: x < 1}}]}}")
e = {{"evaluation": Evidence("evaluation", {{"estimates": [{{"name": "x", "value": 0.5, "low": 0.4, "high": 0.6}}]}})}}
assert len(findings.judge(r, e)) == len(catalogue.load())
assert claims.judge(r, e, phases.derive(e, r))[0].status == "supported"
"""  # noqa: E501 - one script, as it runs


def test_a_record_is_judged_with_no_numerics_installed() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_room_reads_no_yaml_and_no_schema() -> None:
    script = "import sys, misyn.practice; print(sorted({'ruamel.yaml', 'jsonschema'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
