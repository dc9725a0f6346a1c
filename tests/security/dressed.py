"""Ways to dress up a value so that it slips past a filter, and a search that sees through them."""

import base64
import json
import re
import unicodedata
from urllib.parse import quote


def letters(text):
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).lower()


def holds(seen, value):
    """Search what the API saw, by means of this test's own: raw, unescaped, and each base64 or hex word."""
    text = seen.decode("utf-8", "replace")
    text += json.loads(
        '"' + re.sub(r'(?<!\\)"', "", text.replace("\\'", "'")).replace("\n", "") + '"', strict=False
    )
    for word in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        for decode in (lambda w: base64.b64decode(w + "=" * (-len(w) % 4), "-_"), bytes.fromhex):
            try:
                text += " " + decode(word).decode()
            except ValueError:
                continue
    return letters(value) in letters(text)


DRESSED = {
    "as it is": str,
    "capitals": str.upper,
    "spaced": " ".join,
    "zero-width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "full-width": lambda text: "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text),
    "look-alikes": lambda text: text.translate(str.maketrans("aeopcxyTBEHKMAC", "аеорсхуТВЕНКМАС")),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "quoted": quote,
}
