"""One careless application over documents of many tenants, and the places where isolation is enforced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from embedlab.index import Floats
from embedlab.machine import needs
from embedlab.security.signed_tenants import tenant_token, with_token
from embedlab.serving import SemanticCache
from embedlab.vector_databases import acting_as

psycopg = needs("psycopg")
CACHE = {"model": "MiniLM", "version": "1"}


class Found(NamedTuple):
    """A row as the application shows it."""

    id: int
    tenant: str
    text: str


class CarelessApp:
    """Searches for one tenant, isolated by conditions that its programmers wrote, or forgot.

    Who asks is known (the token was checked by others): the tenant is right in each call. All the mistakes
    below have been made in real systems; OWASP API Security 2023 has them as API1, API3 and API8.

    Parameters
    ----------
    connection : psycopg.Connection
        Of the owner of the table.
    table : str
        Made by `vector_databases.create_table`.
    cache : SemanticCache
        Of answers; one for all tenants.
    """

    def __init__(self, connection: psycopg.Connection, table: str, cache: SemanticCache | None = None):
        self.connection, self.table = connection, table
        self.cache = cache or SemanticCache(threshold=0.9)

    def search(self, tenant: str, query: Floats, where: str = "true", k: int = 10) -> list[Found]:
        """Return the k nearest documents that meet a condition which the *client* wrote."""
        return self.rows(tenant, f"tenant = '{tenant}' AND {where} {nearest(query, k)}")

    def filtered(self, tenant: str, query: Floats, wanted: Mapping[str, str], k: int = 10) -> list[Found]:
        """Return the k nearest whose columns have the wanted values, merged with the tenant's condition."""
        conditions = {"tenant": tenant} | dict(wanted)
        text = " AND ".join(f"{name} = '{value}'" for name, value in conditions.items())
        return self.rows(tenant, f"{text} {nearest(query, k)}")

    def similar(self, tenant: str, query: Floats, k: int = 10) -> list[Found]:
        """Return what is similar: a later feature, whose author did not think of the tenant."""
        return self.rows(tenant, f"true {nearest(query, k)}")

    def fetch(self, tenant: str, number: int) -> list[Found]:
        """Return one document by its number: whoever knows the number must have been shown it."""
        return self.rows(tenant, f"id = {int(number)}")

    def answer(self, tenant: str, question: str, vector: Floats) -> str:
        """Answer from the cache, or from the nearest document, which is then cached."""
        kept = self.cache.get(question, vector, **CACHE, tenant=self.partition(tenant))
        if kept:
            return kept[0]
        found = self.search(tenant, vector, k=1)
        text = f"{found[0].tenant}: {found[0].text}" if found else ""
        self.cache.put(question, text, vector, **CACHE, tenant=self.partition(tenant))
        return text

    def partition(self, tenant: str) -> str:
        """Return which part of the cache a tenant has."""
        return ""

    @property
    def source(self) -> str:
        """Return how statements call the table."""
        return f'"{self.table}"'

    def rows(self, tenant: str, rest: str) -> list[Found]:
        """Run a statement over the table, as whom the design says; here as its owner."""
        return self.run(f"SELECT id, tenant, text FROM {self.source} WHERE {rest}")

    def run(self, statement: str) -> list[Found]:
        """Return the rows of all results of a text that may hold several statements."""
        cursor = self.connection.execute(statement, prepare=False)
        results = [_fetched(cursor)]
        while cursor.nextset():
            results.append(_fetched(cursor))
        return [Found(*row) for rows in results for row in rows if len(row) == 3]


class PolicyApp(CarelessApp):
    """The same statements under the policy of chapter 19, as a reader, for a tenant in a setting."""

    def rows(self, tenant: str, rest: str) -> list[Found]:
        """Run a statement as a reader, until the end of its transaction."""
        with acting_as(self.connection, "reader", tenant):
            return super().rows(tenant, rest)

    def partition(self, tenant: str) -> str:
        """Return the tenant's own part."""
        return tenant


class SignedApp(PolicyApp):
    """The same statements on a login that is a reader and nothing else, for a tenant in a signed token.

    Parameters
    ----------
    key : bytes
        Of `signed_policies`. In a real system only the service that checks users has it.
    """

    def __init__(self, connection: psycopg.Connection, table: str, key: bytes):
        super().__init__(connection, table)
        self.key = key

    def rows(self, tenant: str, rest: str) -> list[Found]:
        """Run a statement with a token, until the end of its transaction."""
        with with_token(self.connection, tenant_token(tenant, self.key)):
            return CarelessApp.rows(self, tenant, rest)


class CleanApp(SignedApp):
    """The same, and nothing of a request stays: tables by schema and name, ``DISCARD ALL`` after each."""

    @property
    def source(self) -> str:
        """Return the table with its schema: without one, a temporary view of that name comes first."""
        return f'public."{self.table}"'

    def rows(self, tenant: str, rest: str) -> list[Found]:
        """Run a statement with a token, and clear the session: temporary objects, settings, locks."""
        try:
            return super().rows(tenant, rest)
        finally:
            self.connection.execute("DISCARD ALL", prepare=False)


def nearest(query: Floats, k: int) -> str:
    """Write the end of a statement that asks for the k nearest."""
    vector = ",".join(f"{one:.6g}" for one in np.asarray(query))
    return f"ORDER BY embedding <#> '[{vector}]' LIMIT {int(k)}"


def _fetched(cursor: Any) -> list[tuple]:
    return cursor.fetchall() if cursor.description else []
