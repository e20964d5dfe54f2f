"""Compare etcd's users and roles with the wanted ones, and make the steps between the two.

https://etcd.io/docs/v3.6/op-guide/authentication/rbac/
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from schemaregistry_server.etcd.endpoints import EtcdConnection
from schemaregistry_server.etcd.etcd_watch import after
from schemaregistry_server.etcd.v3 import auth_pb2, rpc_pb2

ROOT: Final = "root"
"""The user and the role that etcd's authentication can't be turned on without."""

SECONDS: Final = 10.0

KeyRange: TypeAlias = tuple[bytes, bytes]
"""The first key, and the key after the last one."""

RightKind: TypeAlias = Literal["read", "write", "read and write"]
_KINDS: Final[Mapping[RightKind, auth_pb2.Permission.Type.ValueType]] = {
    "read": auth_pb2.Permission.READ,
    "write": auth_pb2.Permission.WRITE,
    "read and write": auth_pb2.Permission.READWRITE,
}


@dataclass(frozen=True, slots=True)
class EtcdRole:
    """A role as it must be: its right to each prefix of keys, and its users, who have this role and no other."""

    name: str
    rights: Mapping[bytes, RightKind]
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EtcdUsers:
    """etcd's users and roles as they are: rights to ranges of keys by role, roles by user."""

    enabled: bool
    roles: Mapping[str, Mapping[KeyRange, int]]
    users: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class AuthStep:
    """One change of etcd's users and roles: what it does, in words, and the RPC of etcd's Auth service that does it."""

    text: str
    rpc: str
    request: Any


async def read(connection: EtcdConnection) -> EtcdUsers:
    """Read etcd's users and roles; with authentication on, only root may. Raises EtcdAway or EtcdRefused."""
    enabled = (await connection.auth_status(seconds=SECONDS)).enabled
    roles: dict[str, Mapping[KeyRange, int]] = {}
    for name in (await _ask(connection, "RoleList", rpc_pb2.AuthRoleListRequest())).roles:
        found = await _ask(connection, "RoleGet", rpc_pb2.AuthRoleGetRequest(role=name))
        roles[name] = {(right.key, right.range_end): right.permType for right in found.perm}
    users: dict[str, frozenset[str]] = {}
    for name in (await _ask(connection, "UserList", rpc_pb2.AuthUserListRequest())).users:
        users[name] = frozenset((await _ask(connection, "UserGet", rpc_pb2.AuthUserGetRequest(name=name))).roles)
    return EtcdUsers(enabled, roles, users)


def steps(current: EtcdUsers, wanted: Iterable[EtcdRole]) -> list[AuthStep]:
    """The changes after which each of `wanted` is as it must be, and authentication is on; none where all is so.

    Other roles are left alone, and who has them; see `strangers`.
    """
    root = EtcdRole(ROOT, {}, (ROOT,))
    made = [step for role in (root, *wanted) for step in (*_role_steps(current, role), *_user_steps(current, role))]
    if not current.enabled:
        made.append(AuthStep("turn authentication on", "AuthEnable", rpc_pb2.AuthEnableRequest()))
    return made


def strangers(current: EtcdUsers, wanted: Sequence[EtcdRole]) -> list[str]:
    """A sentence for each other role that reaches keys of `wanted`, and for who is root beside the user root."""
    said = []
    keys = sorted({prefix for role in wanted for prefix in role.rights})
    ours = {ROOT, *(role.name for role in wanted)}
    for name in sorted(current.roles.keys() - ours):
        reached = [_shown(prefix) for prefix in keys if any(_overlap(right, prefix) for right in current.roles[name])]
        if reached:
            users = sorted(user for user, roles in current.users.items() if name in roles)
            said.append(f"the role {name} reaches {', '.join(reached)}; it is {', '.join(users) or 'nobody'}'s.")
    others = sorted(user for user, roles in current.users.items() if ROOT in roles and user != ROOT)
    return said + [f"{user} has the role root, and may do anything." for user in others]


def _overlap(right: KeyRange, prefix: bytes) -> bool:
    """Whether a right reaches keys that begin with `prefix`.

    A right without an end is to one key, one that ends with a zero byte to all keys from its beginning on.
    """
    begin, end = right
    if not end:
        return begin.startswith(prefix)
    return begin < after(prefix) and (end == b"\0" or end > prefix)


async def take(connection: EtcdConnection, step: AuthStep) -> None:
    """Make one change; raises EtcdAway or EtcdRefused."""
    await _ask(connection, step.rpc, step.request)


def _role_steps(current: EtcdUsers, role: EtcdRole) -> Iterator[AuthStep]:
    there = current.roles.get(role.name)
    if there is None:
        yield AuthStep(f"make the role {role.name}", "RoleAdd", rpc_pb2.AuthRoleAddRequest(name=role.name))
        there = {}
    if role.name == ROOT:
        return  # it may do everything, whatever rights it lists
    wanted = {(prefix, after(prefix)): kind for prefix, kind in role.rights.items()}
    for begin, end in there:
        if (begin, end) not in wanted:
            yield AuthStep(
                f"take from {role.name} its right to {_shown(begin)}",
                "RoleRevokePermission",
                rpc_pb2.AuthRoleRevokePermissionRequest(role=role.name, key=begin, range_end=end),
            )
    for (begin, end), kind in wanted.items():
        if there.get((begin, end)) != _KINDS[kind]:
            right = auth_pb2.Permission(permType=_KINDS[kind], key=begin, range_end=end)
            yield AuthStep(
                f"let {role.name} {kind} {_shown(begin)}",
                "RoleGrantPermission",
                rpc_pb2.AuthRoleGrantPermissionRequest(name=role.name, perm=right),
            )


def _user_steps(current: EtcdUsers, role: EtcdRole) -> Iterator[AuthStep]:
    for user, roles in sorted(current.users.items()):
        if role.name in roles and role.name != ROOT and user not in role.users:
            yield AuthStep(
                f"take the role {role.name} from {user}, who isn't named",
                "UserRevokeRole",
                rpc_pb2.AuthUserRevokeRoleRequest(name=user, role=role.name),
            )
    for user in role.users:
        there = current.users.get(user)
        if there is None:
            options = auth_pb2.UserAddOptions(no_password=True)
            yield AuthStep(
                f"make the user {user}, without a password",
                "UserAdd",
                rpc_pb2.AuthUserAddRequest(name=user, options=options),
            )
        for other in sorted((there or frozenset()) - {role.name}):
            yield AuthStep(
                f"take the role {other} from {user}",
                "UserRevokeRole",
                rpc_pb2.AuthUserRevokeRoleRequest(name=user, role=other),
            )
        if role.name not in (there or ()):
            yield AuthStep(
                f"give {user} the role {role.name}",
                "UserGrantRole",
                rpc_pb2.AuthUserGrantRoleRequest(user=user, role=role.name),
            )


def _shown(key: bytes) -> str:
    return ascii(key.decode("utf-8", "backslashreplace"))[1:-1]


async def _ask(connection: EtcdConnection, rpc: str, request: Any) -> Any:
    return await connection.call(lambda endpoint: getattr(endpoint.auth, rpc), request, seconds=SECONDS)
