"""Another correct way of writing each exercise of security."""

import string

import numpy as np


def iban_valid(text):
    characters = [one for one in text.upper() if not one.isspace()]
    letters, digits = string.ascii_uppercase, string.digits
    if len(characters) < 15 or len(characters) > 34 or set(characters) - set(letters + digits):
        return False
    if not {*characters[:2]} <= set(letters) or not {*characters[2:4]} <= set(digits):
        return False
    left = 0
    for one in characters[4:] + characters[:4]:
        left = (left * 10 + int(one) if one in digits else left * 100 + letters.index(one) + 10) % 97
    return left == 1


def redact(text, spans):
    covered = [-1] * len(text)
    groups = []
    for span in sorted(spans):
        touched = {covered[i] for i in range(span[0], span[1])} - {-1}
        place = touched.pop() if touched else len(groups)
        if place == len(groups):
            groups.append([])
        groups[place].append(span)
        for i in range(span[0], span[1]):
            covered[i] = place
    numbers, parts, last = {}, [], 0
    for group in groups:
        start, end = min(one[0] for one in group), max(one[1] for one in group)
        kind = min(group, key=lambda one: (one[0] - one[1], one))[2]
        seen = numbers.setdefault(kind, [])
        if text[start:end] not in seen:
            seen.append(text[start:end])
        parts += [text[last:start], "<", kind, "_", str(seen.index(text[start:end]) + 1), ">"]
        last = end
    return "".join([*parts, text[last:]])


def best_swaps(words, gradient, old, allowed, n):
    gains = []
    for one in set(allowed) - {old}:
        gain = float(np.dot(words[one].astype(float) - words[old].astype(float), gradient))
        if gain > 0:
            gains.append((-gain, int(one)))
    return [one for _, one in sorted(gains)[:n]]


def where_clause(wanted, columns):
    def right(value):
        return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))

    text, parameters = "", []
    for name in wanted:
        value = wanted[name]
        many = isinstance(value, list)
        if not set(columns) & {name} or not (all(map(right, value)) if many else right(value)):
            raise ValueError(f"{name}: {value}")
        text += (" AND " if text else "") + '"' + name + '" = ' + ("ANY(%s)" if many else "%s")
        parameters.append(value)
    return (text if text else "true"), parameters


def bound_to(tenant, document, version):
    if version < 0 or version.bit_length() > 64:
        raise ValueError(f"version {version}")
    out = bytearray()
    for part in (tenant, document):
        raw = part.encode("utf-8")
        out += len(raw).to_bytes(4, "big")
        out += raw
    out += version.to_bytes(8, "big")
    return bytes(out)


def traces(raw, text, vector):
    if text == "" or vector.size == 0:
        raise ValueError("nothing to look for")
    found = set()
    if raw.find(text.encode("utf-8")) >= 0:
        found.add("text")
    for name, kind in (("float32", np.float32), ("float16", np.float16)):
        plain = vector.astype(kind)
        if raw.count(plain.tobytes()) or raw.count(plain.byteswap().tobytes()):
            found.add(name)
    bits = "".join("1" if one > 0 else "0" for one in vector)
    bits += "0" * (-len(bits) % 8)
    if bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)) in raw:
        found.add("signs")
    return found


def word_discriminants(vectors, bags, shrinkage):
    mean, n = vectors.mean(axis=0), len(vectors)
    inverse = np.linalg.inv(
        np.cov(vectors.T, bias=True).reshape(len(mean), -1) + shrinkage * np.eye(len(mean))
    )
    columns = []
    for word in bags.T.astype(bool):
        away = vectors[word].mean(axis=0) - mean
        slope = inverse @ away
        columns.append([*slope, np.log(word.sum() / n) - slope @ (mean + away / 2)])
    return np.array(columns).T


def random_rotation(gaussian):
    columns = []
    for column in gaussian.T:
        for done in columns:
            column = column - (column @ done) * done
        columns.append(column / np.linalg.norm(column))
    return np.array(columns).T


def vector_from_scores(queries, scores):
    return (np.linalg.pinv(queries.astype(float)) @ scores).astype(np.float32)
