"""Pipelines of diffusers save what they draw, marked. Needs torch and diffusers; ``tools/test.py`` installs them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import misyn
from misyn.canonical import digest
from misyn.errors import UsageError
from misyn.generate.facts import weights_digest
from misyn.generate.integrations.pipelines import Callback, saving, seeds_of

torch = pytest.importorskip("torch", reason="pipelines need the extra diffusers")
diffusers = pytest.importorskip("diffusers", reason="pipelines need the extra diffusers")

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "misyn.yaml"
    path.write_text("misyn: 1\ntechnique: {name: toy, version: '1', kind: text-to-image}\nresponsible: A. Author\n")
    return path


def network(channels: int) -> Any:
    torch.manual_seed(0)
    return diffusers.UNet2DModel(
        sample_size=8,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=(8, 8),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    )


def plain() -> Any:
    pipe = diffusers.DDPMPipeline(network(3), diffusers.DDPMScheduler(num_train_timesteps=4))
    pipe.set_progress_bar_config(disable=True)
    return pipe


class Latent(diffusers.DiffusionPipeline):  # type: ignore[misc, name-defined]
    """A text-to-image pipeline in miniature: a decoder, a callback at each step, prompts that change nothing."""

    def __init__(self, unet: Any, vae: Any, scheduler: Any) -> None:
        super().__init__()
        self.register_modules(unet=unet, vae=vae, scheduler=scheduler)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def __call__(self, prompt: Any, *, generator: Any = None, callback_on_step_end: Any = None) -> Any:
        count = 1 if isinstance(prompt, str) else len(prompt)
        latents = torch.randn((count, 4, 8, 8), generator=generator)
        self.scheduler.set_timesteps(3)
        self._num_timesteps = 3
        for step, time in enumerate(self.scheduler.timesteps):
            latents = self.scheduler.step(self.unet(latents, time).sample, time, latents).prev_sample
            if callback_on_step_end is not None:
                latents = callback_on_step_end(self, step, time, {"latents": latents})["latents"]
        image = self.vae.decode(latents / self.vae.config.scaling_factor, return_dict=False)[0]
        shown = (image / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()
        return diffusers.ImagePipelineOutput(images=self.numpy_to_pil(shown))


def latent() -> Any:
    torch.manual_seed(1)
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 8),
        latent_channels=4,
        norm_num_groups=4,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    return Latent(network(4), vae, diffusers.DDIMScheduler(num_train_timesteps=10))


def files(folder: Path) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads((folder / "misyn-manifest.json").read_text())["files"]
    assert all(misyn.verify(folder / one["file"]).verdict == "synthetic" for one in listed)
    return listed


def test_a_pipelines_images_are_saved_with_seed_and_the_digest_of_all_weights(record: Path, tmp_path: Path) -> None:
    pipe = plain()
    with misyn.born(record, out=tmp_path / "out", now=NOW, weights=pipe) as born:
        output = saving(pipe, born)(batch_size=2, num_inference_steps=2, generator=torch.Generator().manual_seed(7))
    found = files(tmp_path / "out")
    assert [one["seed"] for one in found] == ["7, image 0", "7, image 1"]
    assert found[0]["weights"] == weights_digest(pipe) != weights_digest(latent())
    for one, image in zip(found, output.images, strict=True):
        assert np.array_equal(misyn.read(tmp_path / "out" / one["file"]).pixels, np.asarray(image))


def test_a_callback_saves_what_the_pipeline_shows_with_the_prompts_digest(record: Path, tmp_path: Path) -> None:
    pipe = latent()
    with misyn.born(record, out=tmp_path / "out", now=NOW) as born:
        callback = Callback(born, prompts=["a red patch", "a blue patch"], seed=3)
        output = pipe(["a red patch", "a blue patch"], callback_on_step_end=callback)
    found = files(tmp_path / "out")
    assert [one["condition"] for one in found] == [digest(b"a red patch"), digest(b"a blue patch")]
    assert [one["seed"] for one in found] == ["3, image 0", "3, image 1"]
    for one, image in zip(found, output.images, strict=True):
        assert np.array_equal(misyn.read(tmp_path / "out" / one["file"]).pixels, np.asarray(image))


def test_a_prompt_is_taken_from_the_call(record: Path, tmp_path: Path) -> None:
    with misyn.born(record, out=tmp_path / "out", now=NOW) as born:
        call = saving(latent(), born)
        call("a red patch", generator=torch.Generator().manual_seed(1))
        call(prompt=["x", "y"])
    named = {one["condition"] for one in files(tmp_path / "out")}
    assert named == {digest(b"a red patch"), digest(b"x"), digest(b"y")}


def test_latents_and_outputs_without_images_are_refused_in_words(record: Path, tmp_path: Path) -> None:
    with misyn.born(record, out=tmp_path / "out", now=NOW) as born:
        with pytest.raises(UsageError, match="latent"):
            saving(plain(), born)(output_type="latent")
        with pytest.raises(UsageError, match="found dict"):
            saving(lambda: {}, born)()
        with pytest.raises(UsageError, match="latents of shape"):
            Callback(born)(object(), 5, None, {"latents": torch.zeros(1, 16, 64)})


def test_generators_give_their_seeds() -> None:
    one, two = torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)
    assert seeds_of([one, two], 2) == [one, two]
    assert seeds_of(one, 1) == [1]
    assert seeds_of(None, 2) == [None, None]
