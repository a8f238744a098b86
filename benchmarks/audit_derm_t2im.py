"""Audit Derm-T2IM's synthetic images against HAM10000 as a reference, and measure time and memory.

``python benchmarks/audit_derm_t2im.py DATA OUT``: DATA holds ``ham10000/`` and ``derm_t2im/``. An outside auditor's
record is written into OUT: it says only what someone who did not make the images can know. Bars: 5 minutes and 4 GB on
2 cores. The images stay where they are; OUT holds thumbnails of them and is not for publishing.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any

from misyn.audit import audit

RECORD = """\
# Written by an outside auditor: what is not known is left out, and becomes a finding.
misyn: 1
technique:
  name: Derm-T2IM (outputs, audited from outside)
  kind: text-to-image
  method: diffusion
  description: Dermoscopy images drawn from text by a fine-tuned Stable Diffusion model; made by others.
responsible:
  name: unknown to the auditor
data:
  synthetic:
    path: {synthetic}
    label: "@folder"
    modality: dermoscopy
  reference:
    path: {reference}
    table: {table}
    key: image_id
    patient: lesion_id
    label: dx
    groups: [sex, age, localization]
    modality: dermoscopy
    origin: HAM10000 (CC BY-NC 4.0); not known to be what the technique was trained on
    licence: CC BY-NC 4.0
claims:
  - id: represents-dermoscopy
    kind: benefit
    text: The images represent the range of dermoscopy images. (The auditor's test claim; not the authors' words.)
    expects: coverage >= 0.8
    evidence: evaluation:default
    phase: 1
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    record = options.out / "misyn.yaml"
    record.write_text(RECORD.format(**places(options.data.resolve(), options.out.resolve())), encoding="utf-8")
    started = time.perf_counter()
    content, page = audit(record, out=options.out / "audit", workers=options.workers)
    seconds = time.perf_counter() - started
    print_result(content, seconds)
    print(f"report: {page}")


def places(data: Path, out: Path) -> dict[str, str]:
    """Name the folders relative to the record."""
    wanted = {
        "synthetic": data / "derm_t2im",
        "reference": data / "ham10000" / "images",
        "table": data / "ham10000" / "HAM10000_metadata.csv",
    }
    return {name: os.path.relpath(place, out) for name, place in wanted.items()}


def print_result(content: dict[str, Any], seconds: float) -> None:
    """Print time, memory and what was found, aggregate only."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"wall {seconds:.0f} s; CPU {own.ru_utime + workers.ru_utime:.0f} s (of which workers {workers.ru_utime:.0f})"
    )
    print(
        f"peak memory: this process {own.ru_maxrss / 2**20:.2f} GB, largest worker {workers.ru_maxrss / 2**20:.2f} GB"
    )
    findings = content["findings"]
    print(dict(Counter(finding["status"] for finding in findings)))
    for finding in findings:
        print(f"{finding['id']:<4}{finding['status']:<15}{finding['reason']}")


if __name__ == "__main__":
    main()
