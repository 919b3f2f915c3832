from __future__ import annotations

from tests.stacks.conftest import ROOT
from tools.render.golden import FOLDER, golden_texts
from tools.render.graph import RenderedStack


def test_every_object_is_the_one_that_was_reviewed(rendered: RenderedStack) -> None:
    folder = ROOT / FOLDER / rendered.stack
    kept = {path.name: path.read_text("utf-8") for path in folder.glob("*.yaml")}
    made = golden_texts(rendered)
    assert sorted(kept) == sorted(made), "run make golden and review the diff"
    changed = [name for name in made if made[name] != kept[name]]
    assert not changed, f"{changed} changed: run make golden and review the diff"
