from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
import pytest

from tools.render.errors import RenderError
from tools.render.graph import RenderedStack
from tools.render.program import record


class Box(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ai-platform:box:Box", name, None, opts)


def providers() -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(providers=[k8s.Provider("kubernetes", kubeconfig="{}"), random.Provider("random")])


def entry(rendered: RenderedStack, name: str) -> dict[str, object]:
    found = [item for item in rendered.as_graph()["resources"] if item["name"] == name]
    assert len(found) == 1
    return found[0]


def in_box(program: Callable[[Box], object]) -> RenderedStack:
    return record(lambda: program(Box("box", providers())))


def config_map(name: str, box: Box, **options: object) -> k8s.core.v1.ConfigMap:
    return k8s.core.v1.ConfigMap(
        name,
        metadata={"namespace": "data"},
        data={"key": "value"},
        opts=pulumi.ResourceOptions(parent=box, **options),
    )


def test_urn_parent_provider_and_component_are_those_the_engine_would_record() -> None:
    item = entry(in_box(lambda box: config_map("settings", box)), "settings")
    assert item["urn"] == ("urn:pulumi:test::ai-platform::ai-platform:box:Box$kubernetes:core/v1:ConfigMap::settings")
    assert item["parent"] == "urn:pulumi:test::ai-platform::ai-platform:box:Box::box"
    assert item["provider"] == "urn:pulumi:test::ai-platform::pulumi:providers:kubernetes::kubernetes"
    assert item["component"] == "box"


def test_options_that_decide_about_life_and_death_are_recorded() -> None:
    def program(box: Box) -> None:
        first = config_map("first", box)
        config_map(
            "second",
            box,
            depends_on=[first],
            protect=True,
            retain_on_delete=True,
            ignore_changes=["data"],
            aliases=[pulumi.Alias(name="old")],
        )

    item = entry(in_box(program), "second")
    assert item["protect"] is True
    assert item["retainOnDelete"] is True
    assert item["ignoreChanges"] == ["data"]
    assert any(urn.endswith("::first") for urn in item["dependsOn"])
    assert any("old" in alias for alias in item["aliases"])


def test_two_resources_with_one_urn_are_refused() -> None:
    def program(box: Box) -> None:
        config_map("twin", box)
        config_map("twin", box)

    with pytest.raises(RenderError, match=r"duplicate URN .*::twin"):
        in_box(program)


def test_a_resource_without_explicit_provider_is_refused_as_the_engine_would() -> None:
    with pytest.raises(RenderError, match=r"::orphan has no explicit provider"):
        record(lambda: k8s.core.v1.ConfigMap("orphan", metadata={"namespace": "data"}))


def test_an_invoke_that_nobody_answers_fails() -> None:
    def program(box: Box) -> None:
        found = pulumi.runtime.invoke("aws:index/getRegion:getRegion", {}, pulumi.InvokeOptions(parent=box))
        pulumi.export("region", found.value)

    with pytest.raises(RenderError, match="unexpected invoke aws:index/getRegion:getRegion"):
        in_box(program)


def test_an_object_without_name_is_named_after_its_content() -> None:
    def program(text: str) -> str:
        rendered = in_box(
            lambda box: k8s.core.v1.ConfigMap(
                "settings", metadata={"namespace": "data"}, data={"a": text}, opts=pulumi.ResourceOptions(parent=box)
            )
        )
        return str(rendered.objects[0].inputs["metadata"]["name"])

    assert program("one").startswith("settings-")
    assert len(program("one")) == len("settings-") + 8
    assert program("one") == program("one")
    assert program("one") != program("two")


def test_random_passwords_are_secret_deterministic_and_redacted_everywhere() -> None:
    def program(box: Box) -> None:
        child = pulumi.ResourceOptions(parent=box)
        password = random.RandomPassword("password", length=24, special=False, opts=child)
        pulumi.export("leak", password.result)
        k8s.core.v1.Secret(
            "credentials",
            metadata={"namespace": "data", "name": "credentials"},
            string_data={"url": pulumi.Output.concat("postgresql://user:", password.result, "@host")},
            opts=child,
        )

    rendered, again = in_box(program), in_box(program)
    secret = entry(rendered, "credentials")
    assert secret["inputs"]["stringData"] == {"url": "[secret]"}
    assert secret["secretPaths"] == ["stringData.url"]
    assert rendered.outputs["leak"] == "[secret]"
    clear = json.dumps([resource.inputs for resource in rendered.objects])
    assert "postgresql://user:" in clear
    assert clear == json.dumps([resource.inputs for resource in again.objects])
    assert "postgresql://user:" not in json.dumps(rendered.as_graph())


def test_an_output_in_an_f_string_is_an_error_and_not_a_deployed_warning() -> None:
    def program(box: Box) -> None:
        first = config_map("first", box)
        config_map(f"second-{first.id}", box)

    with pytest.raises(Exception, match="__str__"):
        in_box(program)


def test_a_second_program_in_one_process_starts_from_nothing() -> None:
    in_box(lambda box: config_map("settings", box))
    rendered = record(lambda: Box("alone"))
    assert [resource.name for resource in rendered.resources] == ["alone"]
    assert rendered.outputs == {}


def test_a_recorded_program_leaves_no_event_loop_open(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[asyncio.AbstractEventLoop] = []
    new_loop = asyncio.new_event_loop

    def remember() -> asyncio.AbstractEventLoop:
        made.append(new_loop())
        return made[-1]

    monkeypatch.setattr(asyncio, "new_event_loop", remember)
    in_box(lambda box: config_map("settings", box))
    assert len(made) > 1
    assert all(loop.is_closed() for loop in made)
