"""Another correct way of writing each exercise of pipelines."""

import hashlib
import heapq
import math


def claim_jobs(jobs, locked, now, limit):
    def line(job):
        return 1 if job["attempts"] > 0 else 2 if job["priority"] else 0

    taken = []
    for job in sorted(jobs, key=lambda job: (line(job), job["priority"], job["due"], job["id"])):
        if job["id"] in locked or job["due"] > now:
            continue
        if taken and line(job) != line(taken[0]):
            break
        taken.append(job)
        if len(taken) == limit or line(job) == 1:
            break
    return [job["id"] for job in taken]


def lease_step(job, event, token, now, lease):
    match event:
        case "claim" if job and now >= job["due"]:
            return dict(token=token, due=now + lease), True
        case "beat" if job and token == job["token"]:
            return {**job, "due": now + lease}, True
        case "complete" if job and token == job["token"]:
            return None, True
    return job, False


def vector_keys(chunks):
    keys = []
    for chunk in chunks:
        digest = hashlib.sha256(len(chunk["model"]).to_bytes(4, "big"))
        for part in (chunk["model"], chunk["title"], "\n", chunk["text"]):
            digest.update(part.encode())
        keys.append(digest.hexdigest())
    return keys


def apply_write(rows, document, version, vector):
    after = rows.copy()
    newest = after.get(document, (-math.inf, None))[0]
    if version > newest:
        after[document] = version, vector
    return after


def plan_changes(source, stored, model):
    embed, delete, keep = [], [], []
    for id in sorted({*source, *stored}):
        known = stored.get(id, (None, None))
        if id in source:
            (keep if known == (model, source[id]) else embed).append(id)
        elif known[1]:
            delete.append(id)
    return embed, delete, keep


def page_after(ids, after, size):
    page = heapq.nsmallest(size, (id for id in ids if id > after))
    return page, [after, *page][-1], size > len(page)


def fate(event, attempts, most):
    left = most - attempts + (event == "claimed")
    if left <= 0:
        return "dead"
    if event == "claimed":
        return "work"
    wait = 0.2
    for _ in range(attempts - 1):
        wait = min(2 * wait, 60.0)
    return wait


def times_done(messages, batch, kills):
    done, todo = [0] * messages, list(range(messages))
    workers = iter([*kills, math.inf])
    left = next(workers)
    while todo:
        for made, message in enumerate(todo[:batch]):
            if made < left:
                done[message] += 1
        if left > len(todo[:batch]):
            left -= len(todo[:batch])
            del todo[:batch]
        else:
            left = next(workers)
    return done


def fresh_share(writes, now, objective):
    in_time = late = 0
    for written, found in writes:
        if found is not None and found - written <= objective:
            in_time += 1
        elif found is not None or now - written > objective:
            late += 1
    return in_time / (in_time + late) if in_time or late else None
