"""What a vLLM server may be told. Its arguments are judged as one text, a line per argument."""

from __future__ import annotations

from collections.abc import Iterable

from components.base.admission.model_server_lists import (
    BOUNDS,
    CACHES,
    DANGEROUS_FLAGS,
    DANGEROUS_VARIABLES,
    GUARD,
    JUDGED_FLAGS,
    KNOWN_ROUTES,
    MOST_ANSWERS,
    REMOTE_CODE_REASON,
    REVISION_FLAGS,
    RUNTIME_ADAPTERS,
    SAFE_FORMATS,
    WEIGHT_CHECKS,
)
from components.base.admission.policy import Check, cel_text, text_list
from components.base.labels import COMPONENT, NAME
from components.base.model_declaration import REVISION


def _each_server(rule: str, demand: str, expression: str) -> Check:
    return Check(rule=rule, demand=demand, expression=f"variables.servers.all(pod, pod.all(server, {expression}))")


def _given(flag: str) -> str:
    """Whether the flag is given, with or without a value."""
    return f"server.arguments.matches({cel_text(f'[^a-z-]{flag}[=[:space:]]')})"


def _values(flag: str, value: str) -> str:
    """Every value given for the flag is as the regular expression says, and there is one."""
    given, good = cel_text(rf"\n{flag}[=\n][^\n]*"), cel_text(rf"^\n{flag}[=\n]({value})$")
    return f"server.arguments.matches({given}) && server.arguments.findAll({given}).all(given, given.matches({good}))"


def _if_given(flag: str, value: str) -> str:
    return f"!{_given(flag)} || ({_values(flag, value)})"


def _variable(name: str, condition: str) -> str:
    """Whether the variable is written out and each `value` given for it is as `condition` says."""
    return (
        f"[server.environment.filter(variable, variable.?name.orValue('') == '{name}')].all(given, size(given) > 0 && "
        f"given.all(variable, [variable.?value.orValue('')].all(value, !value.contains('$(') && ({condition}))))"
    )


_ON = "!(value.trim().lowerAscii() in ['', '0', 'false'])"


def _off(name: str) -> str:
    return (
        f"server.environment.all(variable, variable.?name.orValue('') != '{name}' || (!has(variable.valueFrom) && "
        "variable.?value.orValue('').trim().lowerAscii() in ['', '0', 'false']))"
    )


_FLAG = cel_text(r"\n-[^=\n]*")
_FROM_VARIABLE = cel_text(rf"\n({'|'.join(JUDGED_FLAGS)})=[^\n]*\$\(")
_COMMIT = "[0-9a-f]{40}"
_ENDS_IN_COMMIT = cel_text(f"(^|/|--){_COMMIT}(-code)?$")
_DECLARED_DIGEST = (
    f"dyn(object).metadata.?annotations[?'{REVISION}'].orValue('').matches({cel_text('^sha256:[0-9a-f]{64}$')})"
)
_PROVEN = (
    "server.pod.spec.?initContainers.orValue([]).exists(first, first.?env.orValue([]).exists(variable, "
    f"variable.?name.orValue('') in {text_list(WEIGHT_CHECKS)} && variable.?value.orValue('') != '')) || "
    "server.pod.spec.?volumes.orValue([]).exists(volume, "
    f"volume.?image.?reference.orValue('').matches({cel_text('@sha256:[0-9a-f]{64}$')}) || "
    f"(has(volume.persistentVolumeClaim) && {_DECLARED_DIGEST} && "
    "server.container.?volumeMounts.orValue([]).exists(mount, "
    "mount.?name.orValue('') == volume.name && mount.?readOnly.orValue(false))))"
)
_GUARDED = _values("--middleware", GUARD.replace(".", "[.]"))


def _private_cache(name: str) -> str:
    on_own_volume = (
        "server.container.?volumeMounts.orValue([]).exists(mount, "
        "(value == mount.mountPath || value.startsWith(mount.mountPath + '/')) && "
        "server.pod.spec.?volumes.orValue([]).exists(volume, volume.name == mount.?name.orValue('') && "
        "(has(volume.emptyDir) || has(volume.ephemeral))))"
    )
    return _variable(name, f"value != '' && {on_own_volume}")


def model_server_checks(remote_code: Iterable[str]) -> tuple[Check, ...]:
    """`remote_code`: models whose repository's code somebody has read and allowed, by name."""
    return (
        _each_server(
            "AI-40",
            f"the label {COMPONENT} of a pod that runs vLLM must be model, or nothing takes it for a model's",
            f"server.pod.metadata.?labels[?'{COMPONENT}'].orValue('') == 'model'",
        ),
        _each_server(
            "AI-40",
            "a server is started by its image, the model first, with flags and variables written out",
            "(!has(server.container.command) || server.container.command == ['vllm', 'serve']) && "
            "size(server.container.?envFrom.orValue([])) == 0 && "
            f"server.model.matches('^[^-]') && !server.model.contains('$(') && "
            f"!{_given('--config')} && !{_given('--model')} && !server.arguments.matches({_FROM_VARIABLE}) && "
            "server.container.?args.orValue([]).all(argument, !argument.startsWith('$('))",
        ),
        _each_server(
            "AI-40",
            "a flag must be written in full",
            f"server.arguments.findAll({_FLAG})"
            ".map(given, given.substring(1).replace('--no-', '--', 1)).all(given, "
            "given.startsWith('--') && given != '--' && !given.contains('$(') && "
            f"(given in {text_list(JUDGED_FLAGS)} || "
            f"!{text_list(JUDGED_FLAGS)}.exists(flag, flag.startsWith(given))))",
        ),
        _each_server(
            "AI-07",
            "the model's path must end in a commit of 40 hexadecimal digits, or a digest prove what is loaded",
            f"server.model.matches({_ENDS_IN_COMMIT}) || {_PROVEN}",
        ),
        *(
            _each_server("AI-07", f"{flag} must be a commit of 40 hexadecimal digits", _if_given(flag, _COMMIT))
            for flag in REVISION_FLAGS
        ),
        _each_server(
            "AI-07",
            "a tokenizer of its own must be pinned by --tokenizer-revision",
            f"!{_given('--tokenizer')} || {_given('--tokenizer-revision')} || "
            f"({_values('--tokenizer', f'(.*(/|--))?{_COMMIT}(-code)?')})",
        ),
        *(
            _each_server("AI-08", f"{name} must be 1, or the server asks the hub", _variable(name, _ON))
            for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
        ),
        _each_server(
            "AI-09",
            "remote code may run only for a model that the stack allows it, with the reason, on vLLM 0.18.0 or newer",
            f"!{_given('--trust-remote-code')} || "
            f"(server.pod.metadata.?labels[?'{NAME}'].orValue('') in {text_list(remote_code)} && "
            f"server.pod.metadata.?annotations[?'{REMOTE_CODE_REASON}'].orValue('').trim() != '' && "
            f"server.container.image.matches({cel_text(':v?([1-9][0-9]*|0[.](1[89]|[2-9][0-9]))[.][^/@]*(@.*)?$')}))",
        ),
        _each_server(
            "AI-10",
            f"--load-format must be one of {', '.join(sorted(SAFE_FORMATS))}",
            _values("--load-format", "|".join(sorted(SAFE_FORMATS))),
        ),
        *(_each_server("AI-11", f"{flag} must not be given", f"!{_given(flag)}") for flag in DANGEROUS_FLAGS),
        *(_each_server("AI-11", f"{name} must not be set", _off(name)) for name in DANGEROUS_VARIABLES),
        _each_server(
            "AI-11",
            f"{RUNTIME_ADAPTERS} needs the guard ({GUARD}) that keeps the routes to load adapters inside the pod",
            f"({_off(RUNTIME_ADAPTERS)}) || ({_GUARDED})",
        ),
        _each_server(
            "AI-12",
            "must list hosts with --allowed-media-domains: an empty list allows all",
            _values("--allowed-media-domains", r".*[^\[\] \n].*"),
        ),
        _each_server(
            "AI-12",
            "VLLM_MEDIA_URL_ALLOW_REDIRECTS must be 0: a redirect leaves the list of hosts",
            _variable("VLLM_MEDIA_URL_ALLOW_REDIRECTS", "value == '0'"),
        ),
        _each_server("AI-12", "clients must not read files of the server", f"!{_given('--allowed-local-media-path')}"),
        *(
            _each_server("AI-13", f"must set {flag} to 1 or more", _values(flag, "0*[1-9][0-9.]*[kKmMgGtT]?"))
            for flag in BOUNDS
        ),
        _each_server(
            "AI-13",
            f"VLLM_MAX_N_SEQUENCES must be between 1 and {MOST_ANSWERS}",
            _variable(
                "VLLM_MAX_N_SEQUENCES",
                f"value.matches('^[0-9]{{1,9}}$') && int(value) >= 1 && int(value) <= {MOST_ANSWERS}",
            ),
        ),
        _each_server(
            "AI-13",
            "VLLM_ALLOW_LONG_MAX_MODEL_LEN must not be set: answers become garbage",
            _off("VLLM_ALLOW_LONG_MAX_MODEL_LEN"),
        ),
        *(
            _each_server(
                "AI-22", f"{name} must lie on a volume of the pod alone (emptyDir, ephemeral)", _private_cache(name)
            )
            for name in CACHES
        ),
        _each_server("AI-42", f"must run --middleware={GUARD}", _GUARDED),
        _each_server(
            "AI-42",
            "SERVED_ROUTES must list routes of the tasks in components/base/tasks.py alone",
            _variable("SERVED_ROUTES", f"value.split(',').all(route, route in {text_list(KNOWN_ROUTES)})"),
        ),
        _each_server(
            "AI-43",
            "must run with --disable-fastapi-docs",
            f"{_given('--disable-fastapi-docs')} && !{_given('--no-disable-fastapi-docs')}",
        ),
    )
