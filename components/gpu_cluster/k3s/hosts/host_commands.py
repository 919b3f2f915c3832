"""Runs scripts on hosts over SSH, as root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_command as command

from components.gpu_cluster.k3s.hosts.host_files import HostFile
from components.gpu_cluster.k3s.hosts.hosts import K3sHost, script_input

RUN_SCRIPT = "sudo -n timeout 3000 bash -s"
"""The one command line that runs on hosts; the script and its secrets follow on standard input, because the provider
quotes the command line in every error message. The provider itself never gives up on a command that hangs."""

CHECK_SCRIPT = "timeout 300 bash -s"
"""The same for what only looks: as the login user, so that it can say that sudo is missing."""

KEEP = "cat >/dev/null"
"""Changes nothing. It reads the standard input, because a command that ends before it is sent counts as failed."""

PATIENCE = 240
"""Attempts to connect to a host that may reboot. Refused ones are 5 seconds apart, so this is 20 minutes at least:
large servers test their memory for ten."""


@dataclass(frozen=True, kw_only=True)
class SshLogin:
    """`private_key` is a secret, or None for a key in the SSH agent of the deploying machine."""

    user: str
    port: int
    private_key: pulumi.Input[str] | None


class HostCommands:
    """Commands on hosts, all children of `parent` and named `<name>-<suffix>`."""

    def __init__(self, name: str, login: SshLogin, parent: pulumi.Resource) -> None:
        self._name, self._login, self._parent = name, login, parent
        self._provider = command.Provider(f"{name}-ssh", opts=pulumi.ResourceOptions(parent=parent))

    def run(
        self,
        suffix: str,
        host: K3sHost,
        script: str,
        variables: Mapping[str, pulumi.Input[str]],
        *,
        files: pulumi.Input[Sequence[HostFile]] = (),
        after: Sequence[pulumi.Resource] = (),
        secret: bool = True,
        command_line: str = RUN_SCRIPT,
        after_reboot: bool = False,
    ) -> command.remote.Command:
        """Run `script` on `host` once `after` is done, and again in place when anything that it is given changes.

        `variables` become assignments before the script, `files` the arrays of `bash_arrays`. `secret` keeps what goes
        in and comes out from the state's and the engine's clear text. `after_reboot` waits for a host that is down.
        """
        text = pulumi.Output.all(variables=dict(variables), files=files).apply(
            lambda given: script_input(script, {**_node(host), **given["variables"]}, given["files"])
        )
        return command.remote.Command(
            f"{self._name}-{suffix}",
            connection=self._connection(host, PATIENCE if after_reboot else None),
            # A changed script or configuration changes stdin, which runs the same command again in place. Triggers
            # would replace the resource instead (pulumi-command#189).
            create=command_line,
            stdin=pulumi.Output.secret(text) if secret else text,
            logging=command.remote.Logging.NONE if secret else command.remote.Logging.STDOUT_AND_STDERR,
            # It would ask sshd to accept environment variables, and send a kubeconfig of the past to the host.
            add_previous_output_in_env=False,
            opts=self._options(after, secret=secret),
        )

    def run_on_removal(
        self, suffix: str, host: K3sHost, script: str, *, after: Sequence[pulumi.Resource] = (), retain: bool
    ) -> command.remote.Command:
        """Run `script` on `host` when this resource is removed from the stack, after everything that depends on it;
        with `retain`, remove it without running anything.

        A resource of its own, that nothing but the host's address and login changes: were `delete` part of a command
        that can be replaced, the engine would install anew first, and then remove what it has just installed. The
        provider gives `delete` the same standard input as `create` and `update`, which must therefore change nothing.
        """
        options = pulumi.ResourceOptions(retain_on_delete=retain)
        return command.remote.Command(
            f"{self._name}-{suffix}",
            connection=self._connection(host, None),
            create=KEEP,
            update=KEEP,
            delete=RUN_SCRIPT,
            stdin=script_input(script, _node(host)),
            logging=command.remote.Logging.STDOUT_AND_STDERR,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions.merge(self._options(after, secret=False), options),
        )

    def _options(self, after: Sequence[pulumi.Resource], *, secret: bool) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self._parent,
            provider=self._provider,
            depends_on=list(after),
            additional_secret_outputs=["stdout", "stderr"] if secret else [],
            custom_timeouts=pulumi.CustomTimeouts(create="90m", update="90m", delete="30m"),
        )

    def _connection(self, host: K3sHost, dial_error_limit: int | None) -> command.remote.ConnectionArgs:
        return command.remote.ConnectionArgs(
            dial_error_limit=dial_error_limit,
            host=host.address,
            port=self._login.port,
            user=self._login.user,
            host_key=host.host_key,
            private_key=self._login.private_key,
        )


def _node(host: K3sHost) -> dict[str, str]:
    return {"NODE_NAME": host.name, "NODE_ADDRESS": host.address}
