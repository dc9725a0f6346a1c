"""What goes over the wire: OpenAI's embeddings, a search, a reranking, and errors in OpenAI's form."""

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

Floats = NDArray[np.float32]
Text = Annotated[StrictStr, Field(min_length=1)]
Id = Annotated[StrictInt, Field(ge=0)]
Count = Annotated[StrictInt, Field(ge=1)]


class EmbeddingsRequest(BaseModel):
    """The body of ``POST /v1/embeddings``. Fields of OpenAI's that mean nothing here are ignored."""

    input: (
        Text
        | Annotated[list[Text], Field(min_length=1)]
        | Annotated[list[Id], Field(min_length=1)]
        | Annotated[list[Annotated[list[Id], Field(min_length=1)]], Field(min_length=1)]
    )
    model: StrictStr
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Count | None = None


class Embedding(BaseModel):
    """One vector: a list of numbers, or the base64 text of little-endian float32."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class Usage(BaseModel):
    """What a request is billed by. An embedding has no completion, so both counts are equal."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsResponse(BaseModel):
    """The answer of ``POST /v1/embeddings``; ``data`` is in the order of the input."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Usage


class SearchRequest(BaseModel):
    """The body of ``POST /search``."""

    model_config = ConfigDict(extra="forbid")  # ours: a misspelt field is an error

    query: Text
    k: Annotated[StrictInt, Field(ge=1, le=1000)] = 10


class SearchHit(BaseModel):
    """One document that was found."""

    id: str
    score: float
    text: str


class SearchResponse(BaseModel):
    """The answer of ``POST /search``, best first."""

    results: list[SearchHit]


class RerankRequest(BaseModel):
    """The body of ``POST /rerank``, as Cohere and Jina have it."""

    query: Text
    documents: Annotated[list[Text], Field(min_length=1)]
    top_n: Count | None = None
    model: StrictStr | None = None


class RerankResult(BaseModel):
    """Where a document stood in the request, and its score; larger is better."""

    index: int
    relevance_score: float


class RerankResponse(BaseModel):
    """The answer of ``POST /rerank``, best first."""

    results: list[RerankResult]


def texts_of(given: str | list, decode: Callable[[list[int]], str] | None = None) -> list[str]:
    """Return the texts of an ``input``: one or several, as strings or as token ids.

    Parameters
    ----------
    given : str, list of str, list of int, or list of lists of int
    decode : callable, optional
        Turns ids of the served model into a text.

    Raises
    ------
    ValueError
        If there are ids and no ``decode``, or ``decode`` raises it.

    Examples
    --------
    >>> texts_of("a"), texts_of(["a", "b"]), texts_of([7, 8], decode=str)
    (['a'], ['a', 'b'], ['[7, 8]'])
    """
    if isinstance(given, str):
        return [given]
    if isinstance(given[0], str):
        return given
    if decode is None:
        raise ValueError("this server takes texts, not token ids")
    return [decode(ids) for ids in (given if isinstance(given[0], list) else [given])]


def shortened(vectors: Floats, dimensions: int | None) -> Floats:
    """Keep the first ``dimensions`` numbers of each vector, and bring what is left to length 1 again.

    Only a model with Matryoshka training keeps its quality (chapter 04).

    Parameters
    ----------
    vectors : float32 array (n, d)
    dimensions : int or None

    Raises
    ------
    ValueError
        If a vector does not have so many.

    Examples
    --------
    >>> shortened(np.array([[3, 4, 12]], np.float32), 2).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    if dimensions is None:
        return vectors
    if dimensions > vectors.shape[1]:
        raise ValueError(f"dimensions is {dimensions}, but a vector of this model has {vectors.shape[1]}")
    cut = vectors[:, :dimensions]
    return cut / np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), np.float32(1e-12))


def as_base64(vector: Floats) -> str:
    """Write a vector as the base64 text of its little-endian float32 numbers: 5.3 characters a number.

    The ``openai`` client asks for this where its caller names no format: as decimals, a number takes about
    20 characters. Source: openai-python, ``resources/embeddings.py``.

    Examples
    --------
    >>> as_base64(np.array([1.0, -2.0], np.float32))
    'AACAPwAAAMA='
    """
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")


def embeddings_response(
    vectors: Floats, tokens: Sequence[int], request: EmbeddingsRequest
) -> EmbeddingsResponse:
    """Put vectors, one for each text, and the tokens of each text into the form of the answer.

    Raises
    ------
    ValueError
        See `shortened`.

    Examples
    --------
    >>> asked = EmbeddingsRequest(input=["a"], model="m", dimensions=1)
    >>> answer = embeddings_response(np.array([[2, 0]], np.float32), [3], asked)
    >>> answer.data[0].embedding, answer.usage.prompt_tokens
    ([1.0], 3)
    """
    form = as_base64 if request.encoding_format == "base64" else np.ndarray.tolist
    rows = shortened(vectors, request.dimensions)
    total = int(sum(tokens))
    return EmbeddingsResponse(
        data=[Embedding(index=i, embedding=form(row)) for i, row in enumerate(rows)],
        model=request.model,
        usage=Usage(prompt_tokens=total, total_tokens=total),
    )


def error_body(message: str, kind: str, *, param: str | None = None, code: str | None = None) -> dict:
    """Return an error in OpenAI's form; ``kind`` is its ``type``.

    Examples
    --------
    >>> error_body("input is empty", "invalid_request_error", param="input")["error"]["param"]
    'input'
    """
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def explained(error: dict) -> tuple[str, str | None]:
    """Turn what pydantic found in a body into a message, and the parameter that is to blame.

    What the client sent is not repeated.

    Parameters
    ----------
    error : dict
        One of ``RequestValidationError.errors()``: ``type``, ``loc``, ``msg``.

    Examples
    --------
    >>> explained({"type": "missing", "loc": ("body", "model"), "msg": "Field required"})
    ('model: Field required', 'model')
    >>> explained({"type": "json_invalid", "loc": ("body", 8), "ctx": {"error": "Expecting value"}})
    ('the body is no JSON: Expecting value at character 8', None)
    """
    where = [str(part) for part in error["loc"][1:]]
    if error["type"] == "json_invalid":
        return f"the body is no JSON: {error['ctx']['error']} at character {where[0]}", None
    if not where:
        return f"the body: {error['msg']}", None
    if where[:1] == ["input"] and error["type"] != "missing":  # pydantic tells of each of the four forms
        return "input must be a text, texts, token ids or lists of token ids, and nothing empty", "input"
    return f"{'.'.join(where)}: {error['msg']}", where[0]
