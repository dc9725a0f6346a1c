"""One PostgreSQL for all tests of the chapter, and a table of documents in it."""

from tenants_table import connection, query, rows, table, url

__all__ = ["connection", "query", "rows", "table", "url"]
