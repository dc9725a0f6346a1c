"""The chapters of the course, in order: their names, numbers, titles and notebooks."""

# A chapter's number is its place here. A topic of the questions is a chapter that has some.
CHAPTERS = {
    "start_here": "start here",
    "tokenizer": "tokenizer",
    "encoder": "encoder",
    "pooling": "pooling",
    "matryoshka": "Matryoshka",
    "quantization": "quantization",
    "hnsw": "HNSW",
    "colbert": "ColBERT",
    "reranking": "reranking",
    "hybrid": "hybrid search",
    "chunking": "chunking",
    "rag": "RAG",
    "geometry": "geometry",
    "finetuning": "fine-tuning",
    "models": "models",
    "multimodal": "multimodal",
    "scale": "scale",
    "serving": "serving",
    "pipelines": "pipelines",
    "vector_databases": "vector databases",
    "drift": "drift",
    "security": "security",
    "system_design": "system design",
}
NUMBERS = {name: f"{number:02}" for number, name in enumerate(CHAPTERS)}


def number_of(chapter: str) -> str:
    """Return a chapter's number, as its notebook's name begins with it.

    Examples
    --------
    >>> number_of("hnsw")
    '06'
    """
    return NUMBERS[chapter]


def title_of(chapter: str) -> str:
    """Return a chapter's name as people read it.

    Examples
    --------
    >>> title_of("vector_databases")
    'vector databases'
    """
    return CHAPTERS[chapter]


def notebook_of(chapter: str) -> str:
    """Return the name of a chapter's notebook.

    Examples
    --------
    >>> notebook_of("hnsw")
    '06_hnsw.ipynb'
    """
    return f"{NUMBERS[chapter]}_{chapter}.ipynb"
