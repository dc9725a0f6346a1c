"""The ways to index long texts that chapter 10 compares: splitters, sizes, overlaps, context, codes."""

from __future__ import annotations

from dataclasses import dataclass

SIZES = (32, 64, 128, 256, 510)  # tokens; 510 and [CLS] and [SEP] are all positions that the model has


@dataclass(frozen=True)
class Setup:
    """One way to make an index of long texts.

    Attributes
    ----------
    how : str
        A splitter; or "semantic"; "langchain": `RecursiveCharacterTextSplitter` of langchain-text-splitters;
        "first": of each article only the first chunk.
    size, overlap : int
        Tokens.
    above : {"", "title", "headings", "other"}
        What is put before a chunk when it is embedded; "other": title and headings of another chunk.
    window : int
        Tokens read in one pass by late chunking; 0: each chunk is read alone.
    index : {"float32", "int8", "bits", "bm25"}
    """

    how: str
    size: int
    overlap: int = 0
    above: str = ""
    window: int = 0
    index: str = "float32"

    @property
    def name(self) -> str:
        """A short name, such as "sections-128+headings"."""
        parts = [f"{self.how}-{self.size}", f"/{self.overlap}" if self.overlap else ""]
        parts += [f"+{self.above}" if self.above else "", f"+late-{self.window}" if self.window else ""]
        return "".join(parts) + (f", {self.index}" if self.index != "float32" else "")

    @property
    def depth(self) -> int:
        """Chunks that are kept of a query: more than 1,024 tokens."""
        return {32: 64, 64: 48, 128: 32, 256: 24}.get(self.size, 20)


def _setups() -> dict[str, Setup]:
    made = [Setup(how, size) for how in ("fixed", "sentences", "recursive", "sections") for size in SIZES]
    made += [Setup("fixed", size, size // part) for size in (64, 128, 256) for part in (4, 2)]
    made += [Setup("fixed", 128, 16), Setup("first", 254)]
    made += [Setup(how, 128, 32) for how in ("sentences", "recursive", "sections")]
    made += [Setup("semantic", size) for size in (64, 128, 256)]
    made += [Setup("sections", size, above="headings") for size in SIZES]
    made += [Setup("sections", 128, above=above) for above in ("title", "other")]
    made += [Setup(how, 128, above="headings") for how in ("fixed", "recursive")] + [Setup("langchain", 128)]
    made += [Setup("sections", size, window=512) for size in SIZES[:-1]]
    made += [Setup("sections", 128, window=256), Setup("sections", 64, window=128)]
    made += [Setup("fixed", 128, window=512)]
    made += [Setup("sections", 128, above=above, index="int8") for above in ("", "headings")]
    made += [Setup("sections", size, index="bits") for size in (32, 128)]
    made += [Setup("sections", size, index="bm25") for size in SIZES]
    made += [Setup("sections", 128, above="headings", index="bm25")]
    return {setup.name: setup for setup in made}


SETUPS = _setups()
