"""The small diffusion model: it learns what it is told, goes on where it stopped, and says what went wrong.

Needs torch; ``tools/test.py`` installs it, so these tests run in CI.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from misyn.errors import EvaluationError, InputError, MissingExtra, UsageError
from misyn.generate.generators import diffusion as module
from misyn.generate.generators.diffusion import Diffusion, load
from misyn.generate.generators.training import Condition, Training

torch = pytest.importorskip("torch", reason="the diffusion model needs the extra torch")

SMALL = Diffusion(steps=12, batch=4, width=8, sampling=4, every=4, threads=1)


def squares(count: int = 32) -> Training:
    """Bright and dark images: the class and the prompt say which."""
    bright = np.arange(count) % 2 == 0
    level = np.where(bright, 0.85, 0.15)[:, None, None]
    noise = np.random.default_rng(0).normal(0, 0.03, (count, 8, 8))
    images = np.clip(level + noise, 0, 1).astype(np.float32)
    words = tuple("a bright square" if one else "a dark square" for one in bright)
    return Training(images, labels=tuple("bright" if one else "dark" for one in bright), prompts=words)


@pytest.mark.slow
def test_it_draws_what_class_or_prompt_ask_for() -> None:
    model = Diffusion(steps=250, batch=16, width=16, sampling=8, rate=3e-3, threads=1).fit(squares(), seed=0)
    for bright, dark in (
        (Condition(label="bright"), Condition(label="dark")),
        (Condition(prompt="a bright square"), Condition(prompt="a dark square")),
    ):
        assert model.draw(8, seed=0, conditions=[bright]).images.mean() > 0.7
        assert model.draw(8, seed=0, conditions=[dark]).images.mean() < 0.3


def test_a_training_that_was_interrupted_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole = SMALL.fit(squares(), seed=3).weights
    part = Diffusion(steps=12, batch=4, width=8, sampling=4, every=4, threads=1, checkpoint=tmp_path / "point")

    def interrupt(done: int, total: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        part.fit(squares(), seed=3, progress=interrupt)
    seen: list[int] = []
    assert part.fit(squares(), seed=3, progress=lambda done, _: seen.append(done)).weights == whole
    assert seen == [7, 8, 9, 10, 11, 12]


def test_a_checkpoint_of_another_training_is_refused_and_so_is_a_damaged_one(tmp_path: Path) -> None:
    point = tmp_path / "point"
    part = Diffusion(steps=2, batch=4, width=8, threads=1, checkpoint=point)
    part.fit(squares(), seed=0)
    with pytest.raises(InputError, match="another seed"):
        part.fit(squares(), seed=1)
    point.write_bytes(point.read_bytes()[:500])
    with pytest.raises(InputError, match="damaged"):
        part.fit(squares(), seed=0)


def test_an_image_does_not_depend_on_the_batch_it_is_drawn_in() -> None:
    model = SMALL.fit(squares(), seed=0)
    five = model.draw(5, seed=1).images
    assert np.allclose(five[:2], model.draw(2, seed=1).images, atol=1e-5)
    assert np.allclose(five, model.with_settings(batch=2).draw(5, seed=1).images, atol=1e-5)


def test_a_saved_model_draws_the_same_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    model = SMALL.fit(squares(), seed=0)
    path = model.save(tmp_path / "model.npz")
    again = load(path).with_settings(threads=1)
    assert again.weights == model.weights
    asked = [Condition(label="dark", prompt="a dark square")]
    assert np.array_equal(
        again.draw(2, seed=0, conditions=asked).images, model.draw(2, seed=0, conditions=asked).images
    )
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError):
        load(path)


def test_words_and_classes_it_never_saw_are_said_or_refused() -> None:
    model = SMALL.fit(squares(), seed=0)
    assert "zebra" in model.draw(1, seed=0, conditions=[Condition(prompt="a bright zebra")]).notes[0]
    with pytest.raises(UsageError, match="bright, dark"):
        model.draw(1, seed=0, conditions=[Condition(label="zebra")])
    with pytest.raises(UsageError, match="one per image"):
        model.draw(3, seed=0, conditions=[Condition(label="dark")] * 2)


def test_sizes_that_do_not_fit_are_refused_before_training() -> None:
    with pytest.raises(EvaluationError, match="multiples of 4"):
        SMALL.fit(Training(np.zeros((4, 10, 10), np.float32)), seed=0)


@pytest.mark.parametrize(("side", "patch"), [(32, 1), (64, 2), (96, 4)])
def test_larger_images_are_worked_on_in_larger_squares(side: int, patch: int) -> None:
    images = np.random.default_rng(0).random((3, side, side, 3), np.float32)
    settings = Diffusion(steps=1, batch=1, width=8, sampling=1, threads=1)
    assert settings.patch_for((side, side)) == patch
    assert settings.fit(Training(images), seed=0).draw(1, seed=0).images.shape == (1, side, side, 3)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory"), torch.OutOfMemoryError("x")])
def test_out_of_memory_is_a_sentence_that_says_what_to_do(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    from misyn.generate.generators import diffusion_training

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(diffusion_training, "_step", fail)
    with pytest.raises(EvaluationError, match="smaller batch"):
        SMALL.fit(squares(), seed=0)


def test_a_loss_that_is_no_number_ends_training() -> None:
    with pytest.raises(EvaluationError, match="smaller rate"):
        Diffusion(steps=80, batch=4, width=8, rate=1e30, threads=1).fit(squares(), seed=0)


def test_a_gpu_is_used_where_one_is_present(monkeypatch: pytest.MonkeyPatch) -> None:
    from misyn.generate.generators.diffusion_training import device_of

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of(SMALL).type == "cuda"
    assert device_of(Diffusion(device="cpu")).type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of(SMALL).type == "cpu"


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    assert "misyn[torch]" in str(SMALL.missing())
    with pytest.raises(MissingExtra, match="misyn\\[torch\\]"):
        SMALL.fit(squares(), seed=0)
