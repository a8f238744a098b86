r"""Traces that other generators leave: an ordered list of what counts, and what each reveals.

Rules
-----
F1. A trace is evidence of synthetic origin, undeclared and unsigned. It is never a declaration.
F2. A name alone proves nothing: not a program's ("Photoshop", "Stable Diffusion" in EXIF Software), not a person's.
    What counts are a generator's *settings*: parameters that only generating an image has, in its program's shape.
F3. What a trace reveals is shown by plain names: prompt, negative prompt, seed, sampler, steps, model, model hash,
    size, post-processing, version. Values are made safe to show and cut.
F4. Post-processing such as face restoration is shown, because it changes what the image may be used for: a network made
    for faces redraws skin lesions.
F5. The first kind that matches a text names it, with the text's place before it (``png:parameters``); the list below is
    in order, from the most to the least specific.

To add one: write a function from :class:`~misyn.marks.inspection.Text` to what it reveals, or None, and add a line to
:data:`TRACES`.

Example:
    >>> text = Text("png", "parameters", "a mole\nSteps: 20, Sampler: Euler a, Seed: 7, Face restoration: CodeFormer")
    >>> [(trace.name, trace.reveals["seed"], trace.reveals["post-processing"]) for trace in find((text,))]
    [('png:parameters', '7', 'Face restoration: CodeFormer')]
    >>> find((Text("exif", "Software", "Stable Diffusion"),))
    ()
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from misyn.marks.inspection import Text
from misyn.marks.shown import shown

Reveals = Mapping[str, str]

LONGEST_VALUE = 300
LONGEST_SETTINGS = 8192
MOST_NODES = 10_000
_PAIR = re.compile(r"\s{0,4}([A-Za-z][\w \-/]{0,60}):\s{0,4}(\"(?:\\.|[^\"\\])*\"|[^,\n]*)(?:,|\n|$)")
_SETTINGS = {
    "seed": "seed",
    "sampler": "sampler",
    "steps": "steps",
    "cfg scale": "guidance",
    "model hash": "model hash",
    "model": "model",
    "size": "size",
    "version": "version",
    "denoising strength": "denoising strength",
    "lora hashes": "added weights",
}
_PARAMETERS = frozenset(
    {
        ("png", "parameters"),
        ("exif", "usercomment"),
        ("jpeg", "comment"),
        ("gif", "comment"),
        ("exif", "imagedescription"),
    }
)
_POST_PROCESSING = (
    "face restoration",
    "adetailer model",
    "hires upscaler",
    "postprocess upscaler",
    "postprocess gfpgan",
)


@dataclass(frozen=True)
class ForeignTrace:
    """A trace that was found: the ``name`` of the kind of trace, and what it ``reveals``, safe to show."""

    name: str
    reveals: Reveals


@dataclass(frozen=True)
class TraceKind:
    """One line of :data:`TRACES`: where such texts lie, what counts, in words, and the function that decides."""

    name: str
    counts: str
    match: Callable[[Text], dict[str, str] | None]


def _parameters(text: Text) -> dict[str, str] | None:
    """A web UI's text: prompt, perhaps ``Negative prompt:``, and a last line of settings, ``Steps:`` first."""
    if (text.place, text.key.lower()) not in _PARAMETERS:
        return None
    prompt, mark, rest = _rpartition(text.text, r"(?:^|\n)[ \t\r]{0,4}Steps: \d{1,9},")
    line = mark.strip() + rest[:LONGEST_SETTINGS]
    found = {name.strip().lower(): value.strip().strip('"') for name, value in _PAIR.findall(line)} if mark else {}
    if "steps" not in found or not {"seed", "sampler", "model hash"} & found.keys():
        return _json_settings(text)
    positive, _, negative = prompt.partition("Negative prompt:")
    revealed = {"prompt": positive.strip(), "negative prompt": negative.strip()}
    revealed |= {ours: found[theirs] for theirs, ours in _SETTINGS.items() if theirs in found}
    added = [f"{name.capitalize()}: {found[name]}" for name in _POST_PROCESSING if name in found]
    return revealed | {"post-processing": ", ".join(added)}


def _rpartition(text: str, pattern: str) -> tuple[str, str, str]:
    """Split at the last match."""
    last = None
    for match in re.finditer(pattern, text):
        last = match
    return (text[: last.start()], last.group(), text[last.end() :]) if last else (text, "", "")


def _prompt(text: Text) -> dict[str, str] | None:
    return _graph(text.text) if text.key.lower() == "prompt" else None


def _workflow(text: Text) -> dict[str, str] | None:
    """The same graph as an editor keeps it; some programs put it behind a word into EXIF."""
    if text.key.lower() == "workflow":
        return _graph(text.text)
    word, colon, rest = text.text.partition(":") if text.place == "exif" else ("", "", "")
    return _graph(rest.lstrip()) if colon and word.strip().lower() in ("workflow", "prompt") else None


def _graph(content: str) -> dict[str, str] | None:
    """A node editor's JSON: nodes with a type or a class, one of which only generating an image needs."""
    graph = _object(content)
    nodes = graph.get("nodes", graph)
    values = list(nodes.values() if isinstance(nodes, dict) else nodes if isinstance(nodes, list) else [])
    kinds = [node.get("class_type") or node.get("type") for node in values[:MOST_NODES] if isinstance(node, dict)]
    if not any(isinstance(kind, str) and re.search(r"Sampler|CheckpointLoader|CLIPTextEncode", kind) for kind in kinds):
        return None
    return _from_inputs(values)


def _from_inputs(nodes: list[Any]) -> dict[str, str]:
    """What the nodes' named inputs reveal; a workflow's unnamed widget values stay unnamed."""
    names = {"seed": "seed", "noise_seed": "seed", "sampler_name": "sampler", "steps": "steps", "ckpt_name": "model"}
    names |= {"unet_name": "model", "text": "prompt", "cfg": "guidance", "denoise": "denoising strength"}
    found: dict[str, str] = {}
    for node in nodes[:MOST_NODES]:
        inputs = node.get("inputs") if isinstance(node, dict) else None
        for theirs, value in inputs.items() if isinstance(inputs, dict) else ():
            if theirs in names and isinstance(value, str | int | float):
                found.setdefault(names[theirs], str(value))
        kind = node.get("class_type") or node.get("type") if isinstance(node, dict) else None
        if isinstance(kind, str) and re.search(r"FaceRestor|Upscale", kind):
            found["post-processing"] = ", ".join(filter(None, (found.get("post-processing"), kind)))
    return found


def _json_settings(text: Text) -> dict[str, str] | None:
    """A flat JSON record with a seed and at least two more settings that only generating an image has."""
    names = {"seed": "seed", "sampler": "sampler", "steps": "steps", "prompt": "prompt", "positive_prompt": "prompt"}
    names |= {
        "negative_prompt": "negative prompt",
        "uc": "negative prompt",
        "cfg_scale": "guidance",
        "scale": "guidance",
    }
    names |= {"scheduler": "sampler", "guidance_scale": "guidance", "model_hash": "model hash", "base_model": "model"}
    content = _object(text.text)
    image = content.get("image")
    content = {**content, **image} if isinstance(image, dict) else content
    found = {names[key]: str(value) for key, value in content.items() if key in names and isinstance(value, str | int)}
    enough = {"sampler", "steps", "guidance", "prompt", "model hash", "model"} & found.keys()
    return found if "seed" in found and len(enough) >= 2 else None


def _record(text: Text) -> dict[str, str] | None:
    if text.key.lower() not in (
        "invokeai_metadata",
        "sd-metadata",
        "dream",
        "comment",
        "generation_data",
        "usercomment",
    ):
        return None
    return _json_settings(text) or _command(text)


def _command(text: Text) -> dict[str, str] | None:
    """An early command line: the prompt in quotes, then ``-s``, ``-S`` and more."""
    seed, steps = re.search(r" -S\s?(\d+)\b", text.text), re.search(r" -s\s?(\d+)\b", text.text)
    if text.key != "Dream" or not (seed and steps):
        return None
    return {"prompt": text.text.partition(" -s")[0].strip('" '), "seed": seed[1], "steps": steps[1]}


def _object(text: str) -> dict[str, Any]:
    """A JSON object, or an empty one; NaN is common in these, and harmless here."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


TRACES: tuple[TraceKind, ...] = (
    TraceKind("parameters", "a web UI's settings: Steps first, and a seed, sampler or model hash", _parameters),
    TraceKind("prompt", "a node graph by number, with a sampler, checkpoint loader or prompt encoder", _prompt),
    TraceKind("workflow", "a node editor's graph, with a sampler, checkpoint loader or prompt encoder", _workflow),
    TraceKind("settings", "a JSON record or command with a seed and two more settings of a sampler", _record),
)


def find(texts: tuple[Text, ...]) -> tuple[ForeignTrace, ...]:
    """Find the traces in texts, each text named by the first kind that matches (rule F5)."""
    return tuple(_found(texts))


def _found(texts: tuple[Text, ...]) -> Iterator[ForeignTrace]:
    for text in texts:
        for kind in TRACES:
            revealed = kind.match(text)
            if revealed is not None:
                shown_values = {name: shown(value, longest=LONGEST_VALUE) for name, value in revealed.items() if value}
                yield ForeignTrace(f"{text.place}:{kind.name}", shown_values)
                break
