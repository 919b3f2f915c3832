"""The one way in which a resource that holds data is guarded against deletion, on every substrate."""

from __future__ import annotations

import pulumi


def guarded(opts: pulumi.ResourceOptions, *, protect: bool, outlives_stack: bool = False) -> pulumi.ResourceOptions:
    """`opts` for a resource that is lost together with data: with `protect` the engine refuses to delete or replace it.

    `outlives_stack`: whoever lifts the protection and removes the resource takes it out of the stack's state only, and
    it stays where it is: a key without which everything that it encrypted is lost, a bucket, a vault of backups.
    `protect` is the stack's `protectData`; without it nothing is guarded, so that a rehearsal leaves nothing behind.

    The logical name of such a resource is state; renaming it needs an alias.
    """
    if not protect:
        return opts
    guards = pulumi.ResourceOptions(protect=True, retain_on_delete=outlives_stack or None)
    return pulumi.ResourceOptions.merge(opts, guards)
