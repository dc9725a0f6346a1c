"""One PostgreSQL for all tests of the chapter, and documents of four tenants in it."""

from tenants_table import connection, query, rows, table, url

__all__ = ["connection", "query", "rows", "table", "url"]
