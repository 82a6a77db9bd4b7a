"""Organizations, teams and their people."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError

from outcode.database import schema
from outcode.database.database import Database
from outcode.values.problems import Conflict, SetupProblem
from outcode.workspace.scope import Scope, new_id


@dataclass(frozen=True, slots=True)
class Seat:
    """Who works where: a scope with the names people read."""

    scope: Scope
    user_name: str
    user_email: str
    organization_name: str
    organization_domain: str
    timezone: str
    team_name: str


async def create_workspace(
    database: Database, *, organization: str, domain: str, team: str, user: str, email: str
) -> Scope:
    """An organization with one team and its administrator; raises Conflict when domain or e-mail is taken."""
    scope = Scope(organization_id=new_id(), team_id=new_id(), user_id=new_id())
    domain, email = unicodedata.normalize("NFC", domain), email.lower()
    rows: list[tuple[sql.Table, dict[str, str]]] = [
        (schema.organizations, {"id": scope.organization_id, "name": organization, "domain": domain}),
        (schema.teams, {"id": scope.team_id, "organization_id": scope.organization_id, "name": team}),
        (schema.users, {"id": scope.user_id, "name": user, "email": email}),
        (schema.memberships, scope.owned({"user_id": scope.user_id, "role": "administrator"})),
    ]
    try:
        async with database.begin() as connection:
            for table, values in rows:
                await connection.execute(sql.insert(table).values(values))
    except IntegrityError as error:
        raise Conflict("workspace_exists", domain=domain, email=email) from error
    return scope


def _seats() -> sql.Select[tuple[object, ...]]:
    members, users = schema.memberships, schema.users
    organizations, teams = schema.organizations, schema.teams
    return (
        sql.select(
            members.c.organization_id,
            members.c.team_id,
            members.c.user_id,
            users.c.name.label("user_name"),
            users.c.email.label("user_email"),
            organizations.c.name.label("organization_name"),
            organizations.c.domain.label("organization_domain"),
            organizations.c.timezone,
            teams.c.name.label("team_name"),
        )
        .join(users, users.c.id == members.c.user_id)
        .join(organizations, organizations.c.id == members.c.organization_id)
        .join(teams, teams.c.id == members.c.team_id)
    )


def _seat(row: sql.Row[tuple[object, ...]]) -> Seat:
    values = dict(row._mapping)
    scope = Scope(values.pop("organization_id"), values.pop("team_id"), values.pop("user_id"))
    return Seat(scope=scope, **values)


async def seat_of(database: Database, scope: Scope) -> Seat:
    """The names behind a scope."""
    members = schema.memberships
    async with database.begin() as connection:
        query = _seats().where(scope.within(members), members.c.user_id == scope.user_id)
        return _seat((await connection.execute(query)).one())


async def first_seat(database: Database) -> Seat:
    """The seat a command line next to the data folder acts from; raises SetupProblem in an empty folder."""
    members = schema.memberships
    async with database.begin() as connection:
        query = _seats().order_by(members.c.created_at, members.c.user_id).limit(1)
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise SetupProblem("workspace_missing")
    return _seat(row)


async def organization_of_domain(database: Database, domain: str) -> str | None:
    """The id of the organization with that domain, or None."""
    table = schema.organizations
    async with database.begin() as connection:
        found = await connection.execute(sql.select(table.c.id).where(table.c.domain == domain))
        return found.scalar_one_or_none()


async def is_member(database: Database, team_id: str, user_id: str) -> bool:
    """Whether a user belongs to a team."""
    members = schema.memberships
    async with database.begin() as connection:
        found = await connection.execute(
            sql.select(members.c.user_id).where(members.c.team_id == team_id, members.c.user_id == user_id)
        )
        return found.scalar_one_or_none() is not None
