"""Which containers are model servers, and what they are told, as the rules about them read it."""

from __future__ import annotations

from components.base.admission.policy import cel_text, text_list
from components.base.labels import COMPONENT
from components.base.node_pools import GPU_RESOURCE_PREFIXES

_OWN_IMAGE = cel_text("(^|/)vllm-openai([-:@][^/]*)?$")

_GPU_LIMIT = f"{text_list(GPU_RESOURCE_PREFIXES)}.exists(prefix, resource.startsWith(prefix))"

# A value may hold line breaks of its own, a flag may be spelt with underscores.
_PLAIN = r"argument.replace('\n', ' ')"
_ARGUMENT = (
    f"!argument.startsWith('--') ? {_PLAIN} : "
    f"{_PLAIN}.split('=', 2).map(part, part == {_PLAIN}.split('=', 2)[0] ? part.replace('_', '-') : part).join('=')"
)

MODEL_SERVER_VARIABLES = {
    "servers": f"""variables.pods.filter(pod, pod.metadata.?labels[?'{COMPONENT}'].orValue('') == 'model' || (
  pod.spec.?restartPolicy.orValue('Always') == 'Always' &&
  pod.spec.?containers.orValue([]).exists(container, container.?image.orValue('').matches({_OWN_IMAGE}))
))
.map(pod, pod.spec.?containers.orValue([]).filter(container,
  container.?name.orValue('') == 'vllm' ||
  container.?image.orValue('').matches('(^|/)vllm[^/]*$') ||
  container.?resources.?limits.orValue({{}}).exists(resource, {_GPU_LIMIT})
).map(container, {{
  'pod': dyn(pod),
  'container': dyn(container),
  'model': dyn(container.?args[?0].orValue('')),
  'arguments': dyn('\\n' + container.?args.orValue([]).map(argument, {_ARGUMENT}).join('\\n') + '\\n'),
  'environment': dyn(container.?env.orValue([]))
}}))""",
}
"""`servers`: per pod of a model, or of vLLM's own image, its containers that run `vllm serve`, with their arguments and
variables."""
