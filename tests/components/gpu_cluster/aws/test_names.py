"""Names that the engine gives: the logical name and eight characters. What is too long for AWS fails in a preview."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stacks.settings import KEY
from tests.components.gpu_cluster.aws.programs import PROGRAMS, ROOT, aws_stack_file
from tools.render.monitor import RecordedResource
from tools.render.program import render_stack

SUFFIX = len("-0123abc")
LIMITS = {
    "aws:cloudwatch/eventRule:EventRule": ("name", 64),
    "aws:eks/nodeGroup:NodeGroup": ("nodeGroupName", 63),
    "aws:iam/role:Role": ("name", 64),
    "aws:iam/rolePolicy:RolePolicy": ("name", 128),
    "aws:lb/loadBalancer:LoadBalancer": ("name", 32),
    "aws:lb/targetGroup:TargetGroup": ("name", 32),
    "aws:s3/bucket:Bucket": ("bucket", 63),
}
"""Property and limit of AWS, by type; all others that the program leaves to the engine have 100 characters or more."""
OTHERS = 100


def too_long(resource: RecordedResource) -> bool:
    key, limit = LIMITS.get(resource.type, ("", OTHERS))
    return key not in resource.inputs and len(resource.name) + SUFFIX > limit


@pytest.mark.parametrize("name", PROGRAMS)
def test_aws_takes_every_name_of_the_engine_even_with_the_longest_names_of_pools_and_models(name: str) -> None:
    file = aws_stack_file(name)
    settings = json.loads(file.values[KEY])
    model = settings["models"][0]
    # As long as the settings let them be.
    names = {model["gpu"]["pool"]: "p" * 26, model["name"]: "m" * 38}
    renamed = file.values[KEY]
    for old, new in names.items():
        renamed = renamed.replace(f'"{old}"', f'"{new}"')
    rendered = render_stack(ROOT, replace(file, values={**file.values, KEY: renamed}))
    found = [item for item in rendered.resources if item.type.startswith("aws:")]
    assert {item.type for item in found} >= {
        "aws:iam/role:Role",
        "aws:lb/targetGroup:TargetGroup",
        "aws:s3/bucket:Bucket",
    }
    assert any(names[model["name"]] in item.name for item in found)
    assert [item.name for item in found if too_long(item)] == []
