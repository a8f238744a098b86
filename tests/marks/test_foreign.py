"""Other generators' traces: settings count, names do not, and what is shown is safe to show."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from misyn.marks.foreign import LONGEST_VALUE, TRACES, find
from misyn.marks.inspection import MOST_TEXT, Text
from misyn.marks.shown import shown

WEB_UI = (
    "a dermoscopic image, <lora:mole:1>\nof skin\nNegative prompt: hair, ruler\n"
    "Steps: 20, Sampler: DPM++ 2M SDE Karras, CFG scale: 7, Seed: 2861169381, Face restoration: CodeFormer, "
    'Size: 512x512, Model hash: 8d72386f9b, Model: Skin, Lora hashes: "mole: 1a2b, other: 3c4d", '
    "Hires upscaler: Latent, Version: v1.5.1"
)
GRAPH = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 20, "sampler_name": "euler", "cfg": 8.0}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "derm.safetensors"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a mole", "clip": ["4", 1]}},
    "9": {"class_type": "FaceRestoreModelLoader", "inputs": {}},
}
WORKFLOW = {"nodes": [{"id": 3, "type": "KSampler", "widgets_values": [7]}], "links": []}


def only(*texts: Text) -> tuple[str, dict[str, str]]:
    (trace,) = find(texts)
    return trace.name, dict(trace.reveals)


@pytest.mark.parametrize("place", ["png:parameters", "exif:UserComment", "jpeg:comment", "exif:ImageDescription"])
def test_a_web_uis_settings_reveal_what_they_say(place: str) -> None:
    where, key = place.split(":")
    name, revealed = only(Text(where, key, WEB_UI))
    assert name == f"{where}:parameters"
    assert revealed == {
        "prompt": "a dermoscopic image, <lora:mole:1> of skin",
        "negative prompt": "hair, ruler",
        "steps": "20",
        "sampler": "DPM++ 2M SDE Karras",
        "guidance": "7",
        "seed": "2861169381",
        "size": "512x512",
        "model hash": "8d72386f9b",
        "model": "Skin",
        "added weights": "mole: 1a2b, other: 3c4d",
        "version": "v1.5.1",
        "post-processing": "Face restoration: CodeFormer, Hires upscaler: Latent",
    }


def test_a_node_graph_reveals_its_named_inputs() -> None:
    name, revealed = only(Text("png", "prompt", json.dumps(GRAPH)))
    assert name == "png:prompt"
    assert revealed == {
        "seed": "7",
        "steps": "20",
        "sampler": "euler",
        "guidance": "8.0",
        "model": "derm.safetensors",
        "prompt": "a mole",
        "post-processing": "FaceRestoreModelLoader",
    }
    assert only(Text("png", "workflow", json.dumps(WORKFLOW))) == ("png:workflow", {})
    assert only(Text("exif", "Make", "Workflow: " + json.dumps(WORKFLOW)))[0] == "exif:workflow"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("Comment", json.dumps({"steps": 28, "sampler": "k_euler", "seed": 1, "scale": 11.0, "uc": "x"})),
        ("invokeai_metadata", json.dumps({"seed": 1, "steps": 30, "positive_prompt": "x", "scheduler": "ddim"})),
        ("sd-metadata", json.dumps({"image": {"seed": 1, "steps": 30, "sampler": "ddim"}})),
        ("Dream", '"a mole" -s 50 -S 4162985 -W 512 -H 512'),
    ],
)
def test_other_records_with_a_seed_and_settings_count(key: str, text: str) -> None:
    name, revealed = only(Text("png", key, text))
    assert name == "png:settings"
    assert revealed["seed"] in ("1", "4162985")


@pytest.mark.parametrize(
    "text",
    [
        Text("exif", "Software", "Stable Diffusion"),
        Text("exif", "Software", "Adobe Photoshop 26.0"),
        Text("png", "Software", "NovelAI"),
        Text("exif", "Artist", "Midjourney"),
        Text("png", "parameters", "exposure 20 ms, gain 3"),
        Text("png", "parameters", "Steps: 20, nothing else"),
        Text("png", "Description", "Steps: 20, Seed: 7, Sampler: x"),
        Text("png", "Comment", json.dumps({"seed": 1})),
        Text("png", "workflow", json.dumps({"nodes": [{"type": "staining"}, {"type": "slide scanner"}]})),
        Text("png", "prompt", "please enter the name of the patient"),
        Text("png", "prompt", json.dumps([1, 2, 3])),
        Text("gif", "comment", "drawn with a steady hand"),
    ],
)
def test_a_name_or_a_word_alone_proves_nothing(text: Text) -> None:
    assert find((text,)) == ()


def test_what_is_shown_cannot_speak_through_a_terminal() -> None:
    evil = "\x1b]0;owned\x07\u202emole" + "x" * 1000 + "\nSteps: 20, Seed: 7\x1b[2J, Sampler: e"
    _, revealed = only(Text("png", "parameters", evil))
    assert revealed["prompt"].startswith("]0;owned mole")
    assert len(revealed["prompt"]) == LONGEST_VALUE
    assert all(value == shown(value, longest=LONGEST_VALUE) for value in revealed.values())


@pytest.mark.parametrize(
    "text",
    [
        "\n" * MOST_TEXT + "Steps: 1",
        " " * MOST_TEXT,
        "Steps: 1," + " " * MOST_TEXT,
        "Steps: 1," + "a:" * (MOST_TEXT // 2),
        "Steps: 1," + 'a: "' * (MOST_TEXT // 8),
        "[" * MOST_TEXT,
        '{"a":' * (MOST_TEXT // 8),
        "\nSteps: 1," * (MOST_TEXT // 12),
    ],
)
@pytest.mark.parametrize("key", ["parameters", "prompt", "workflow", "Dream", "Comment"])
def test_hostile_texts_are_judged_in_time(key: str, text: str) -> None:
    start = time.monotonic()
    find((Text("png", key, text),))
    assert time.monotonic() - start < 3


@given(st.text(max_size=200), st.sampled_from(["parameters", "prompt", "workflow", "Dream", "Comment", "sd-metadata"]))
def test_no_text_makes_it_raise(text: str, key: str) -> None:
    find((Text("png", key, text), Text("exif", "UserComment", text)))


def test_each_kind_of_trace_says_in_words_what_counts() -> None:
    assert len({kind.name for kind in TRACES}) == len(TRACES)
    assert all(len(kind.counts) > 20 for kind in TRACES)


@given(st.text(max_size=400), st.integers(2, 50))
def test_shown_text_is_one_line_of_printable_characters(text: str, longest: int) -> None:
    line = shown(text, longest=longest)
    assert len(line) <= longest
    assert line.isprintable()
    assert shown(line, longest=longest) == line
