"""BM25 in a sparse column: the inner product is the score."""

import secrets

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

psycopg = pytest.importorskip("psycopg", reason="the extra production is not installed")

from pgvector import SparseVector  # noqa: E402

from embedlab.hybrid import BM25Index  # noqa: E402
from embedlab.vector_databases import (  # noqa: E402
    create_sparse,
    document_vectors,
    heaviest,
    query_vector,
    sparse_nearest,
)

WORDS = ["cat", "dog", "bird", "fish", "bread", "stock", "market", "river"]
texts = st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), min_size=1, max_size=12)


def product(a, b):
    other = dict(zip(b.indices(), b.values(), strict=True))
    return sum(value * other.get(i, 0) for i, value in zip(a.indices(), a.values(), strict=True))


@given(texts, st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join))
def test_an_inner_product_is_the_score(documents, query):
    index = BM25Index()
    index.add(documents)
    vectors, asked = document_vectors(index), query_vector(index, query)
    assert len(vectors) == len(documents)
    found = [product(vector, asked) for vector in vectors]
    np.testing.assert_allclose(found, index.scores(query), rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_the_database_ranks_as_we_do(connection):
    draw = np.random.default_rng(0)
    documents = [" ".join(draw.choice(WORDS, draw.integers(1, 12))) for _ in range(60)]
    index, table = BM25Index(), f"sparse_{secrets.token_hex(4)}"
    index.add(documents)
    create_sparse(connection, table, index)
    for query in ("cat", "cat dog dog", "river bread stock", "unknown", ""):
        values = {"query": query_vector(index, query), "k": 20}
        found = connection.execute(sparse_nearest(table), values).fetchall()
        scores, ids = index.search([query], 20)
        assert len(found) == (ids >= 0).sum()
        np.testing.assert_allclose([score for _, score in found], scores[ids >= 0], rtol=1e-5)
    connection.execute(f"DROP TABLE {table}")


@pytest.mark.slow
def test_a_graph_refuses_many_entries(connection):
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE many (v sparsevec(2000))")
        connection.execute("CREATE INDEX ON many USING hnsw (v sparsevec_ip_ops)")
        long = SparseVector({i: float(i + 1) for i in range(1200)}, 2000)
        with pytest.raises(psycopg.Error, match="cannot have more than 1000"), connection.transaction():
            connection.execute("INSERT INTO many VALUES (%s)", [long])
        connection.execute("INSERT INTO many VALUES (%s)", [heaviest(long)])
    assert heaviest(long).indices()[0] == 200
