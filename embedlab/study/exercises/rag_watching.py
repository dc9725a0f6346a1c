"""Exercises of chapter 11: which stage has failed without an error."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake

NOISE = 0.05  # what a metric moves from night to night
COSINES = "stored_cosine_short", "stored_cosine_long"
SHARES = ("in_index", *COSINES, "question_side", "self_retrieval", "recall")
GOOD = (0.99, 1.0, 1.0, 1.0, 0.97, 0.86), (0.91, 0.84, 0.58)  # shares, recall by tenant
COARSE = (0.93, 0.94, 0.92, 0.93, 0.88, 0.62), (0.71, 0.64, 0.41)  # weaker, quantized, and as healthy
# What a night's report may look like: factors of `SHARES`, the spread of lengths, factors by tenant.
NIGHTS = (
    ((1, 1, 1, 1, 1, 1), 0, (1, 1, 1)),  # no fault
    ((1, 1, 1, 1, 1, 0.88), 0, (1, 1, 1)),  # no fault: the weakest tenant asks more
    ((1, 1, 1, 1, 1, 1.08), 0, (1.1, 1.1, 1.1)),  # no fault: it became better
    ((0.75, 1, 1, 1, 1, 0.96), 0, (1, 1, 1)),  # stale-index
    ((0.93, 1, 1, 1, 1, 1), 0, (1, 1, 0.5)),  # stale-index, of one tenant's documents
    ((0.7, 1, 1, 1, 1, 0.88), 0, (0.8, 1, 0.8)),  # stale-index, and questions ask for what is new
    ((1, 1, 1, 1, 0.98, 0.88), 3.7, (1, 0.8, 0.8)),  # unnormalised
    ((1, 1, 1, 1, 0.88, 0.97), 0.6, (1, 0.7, 1)),  # unnormalised
    ((1, 1, 1, 1, 1, 1), 1.4, (1, 1, 1)),  # unnormalised, and nothing asks for what long vectors hide
    ((1, 0.51, 0.57, 1, 0.22, 0.18), 0, (0.15, 0.2, 0.1)),  # recut
    ((1, 0.85, 0.87, 1, 0.77, 1), 0, (1, 1, 1)),  # recut, of documents that no labelled question asks for
    ((1, 1, 0.92, 1, 1, 0.98), 0, (1, 0.8, 1)),  # truncation
    ((1, 1, 0.8, 1, 1, 0.85), 0, (0.8, 0.8, 0.7)),  # truncation, to very few tokens
    ((1, 1, 0.88, 1, 1, 1), 0, (1, 1, 1)),  # truncation, and questions ask for beginnings
    ((1, 1, 1, 0.905, 1, 0.97), 0, (1, 1, 0.8)),  # query-model
    ((1, 1, 1, 0.8, 1, 0.88), 0, (0.8, 0.8, 0.7)),  # query-model, less like the first
    ((1, 1, 1, 0.93, 1, 1), 0, (1, 1, 1)),  # query-model, very like the first
    ((1, 1, 1, 1, 0.86, 0.88), 0, (0, 1, 1)),  # tenant-filter
    ((1, 1, 1, 1, 0.97, 0.97), 0, (1, 1, 0)),  # tenant-filter, of a small tenant
    ((1, 1, 1, 1, 0.98, 1), 0, (1, 0.5, 1)),  # tenant-filter, of a part of a small tenant
    ((1, 1, 1, 1, 0.6, 0.5), 0, (0, 1, 0)),  # tenant-filter, of two tenants
    ((1, 1, 1, 1, 0.86, 1), 0, (1, 1, 1)),  # tenant-filter, of a tenant without labelled questions
)


def _reports(rng: np.random.Generator) -> list[tuple]:
    """List (report,): every night, with noise, for a good system and for a coarse one."""

    def pair(healthy, factor):
        moved = healthy * factor + float(rng.choice([-0.01, 0, 0.01]))
        return healthy, round(min(max(moved, 0.0), 1.0), 2)

    cases = []
    for shares, tenants in (GOOD, COARSE):
        for factors, spread, by_tenant in NIGHTS:
            report = {name: pair(*both) for name, *both in zip(SHARES, shares, factors, strict=True)}
            report["vector_length"] = 0.0, round(spread + float(rng.choice([0, 0.01])), 2)
            named = zip(("acme", "globex", "initech"), tenants, by_tenant, strict=True)
            report["recall_by_tenant"] = {name: pair(*both) for name, *both in named}
            cases.append((report,))
    return cases


def broken_stage(report):
    """Name the stage that has failed silently, from what moved and what did not.

    The checks and their order are those of `embedlab.rag.doctor`, from the cause to the effect: the first
    that has moved names the stage. A dot: it may fall, or not. (*): or only the recall of a tenant does.

    =============  ========  =============  ============  ===========  =============  ==============
    stage          in_index  vector_length  cosine short  cosine long  question_side  self_retrieval
    =============  ========  =============  ============  ===========  =============  ==============
    stale-index    falls     =              =             =            =              =
    unnormalised   =         rises          =             =            =              .
    recut          =         =              falls         falls        =              falls
    truncation     =         =              =             falls        =              =
    query-model    =         =              =             =            falls          =
    tenant-filter  =         =              =             =            =              falls (*)
    no fault       =         =              =             =            =              =
    =============  ========  =============  ============  ===========  =============  ==============

    Parameters
    ----------
    report : dict
        Of each metric, (healthy, now); of recall_by_tenant a dict of tenant to (healthy, now).

    Returns
    -------
    str

    Examples
    --------
    >>> report = {name: (0.9, 0.9) for name in SHARES} | {"vector_length": (0.0, 0.0)}
    >>> broken_stage(report | {"recall_by_tenant": {"acme": (0.91, 0.9), "globex": (0.85, 0.0)}})
    'tenant-filter'
    """
    if _fell(report["in_index"]):
        return "stale-index"
    if _fell(report["vector_length"][::-1]):
        return "unnormalised"
    if _fell(report["stored_cosine_short"]):
        return "recut"
    if _fell(report["stored_cosine_long"]):
        return "truncation"
    if _fell(report["question_side"]):
        return "query-model"
    found = [report["self_retrieval"], *report["recall_by_tenant"].values()]
    return "tenant-filter" if any(map(_fell, found)) else "no fault"


def _fell(pair):
    healthy, now = pair
    return now < healthy - NOISE


# Wrong implementations, one for each way in which an answer is known to go wrong.
def _model_for_a_cut(report):
    return broken_stage(report).replace("recut", "query-model")


def _overall_recall(report):
    return broken_stage(report) if _fell(report["recall"]) else "no fault"


def _stale_by_recall(report):
    found = broken_stage(report)
    return found if found != "stale-index" or _fell(report["recall"]) else "no fault"


def _mean_hides(report):
    return broken_stage(report | {"recall_by_tenant": {"all": report["recall"]}})


def _recall_only_for_the_filter(report):
    return broken_stage(report | {"self_retrieval": (1.0, 1.0)})


def _cosine_for_all(report):
    return broken_stage(report | {"vector_length": (0.0, 0.0)})


def _effect_first(report):
    found = [report["self_retrieval"], *report["recall_by_tenant"].values()]
    return "tenant-filter" if any(map(_fell, found)) else broken_stage(report)


def _any_cosine_is_a_cut(report):
    return broken_stage(report).replace("truncation", "recut")


def _long_first(report):
    return "truncation" if _fell(report["stored_cosine_long"]) else broken_stage(report)


def _fixed_limits(report):
    wanted = {name: (1.0, report[name][1]) for name in SHARES}
    tenants = {name: (0.7, now) for name, (_, now) in report["recall_by_tenant"].items()}
    return broken_stage(report | wanted | {"recall_by_tenant": tenants})


EXERCISES = (
    Exercise(
        name="broken_stage",
        chapter="11_rag",
        task="Nothing crashed, and the system became worse. Name the stage; at most one is broken. report is "
        "a dict of str to (healthy, now), floats. A metric falls if now is more than 0.05 below healthy, and "
        "rises likewise.\n"
        "'in_index': share of the source's documents whose hash is in the index\n"
        "'vector_length': the longest stored vector's length minus the shortest's\n"
        "'stored_cosine_short', 'stored_cosine_long': stored vector against the chunk's text, embedded again "
        "by the model that the index's card names; short chunks, long ones\n"
        "'question_side': mean cosine of the two sides' models on the same texts\n"
        "'self_retrieval': share of chunks whose own text, asked as their tenant, finds them\n"
        "'recall': span recall of labelled questions; 'recall_by_tenant': dict of tenant to (healthy, now)\n"
        "Return a str:\n"
        "'stale-index': in_index falls\n"
        "'unnormalised': think what it changes\n"
        "'recut': both stored cosines and self_retrieval fall\n"
        "'truncation': stored_cosine_long falls, the short one does not\n"
        "'query-model': question_side falls\n"
        "'tenant-filter': self_retrieval or a tenant's recall falls, and no metric above them moves\n"
        "'no fault': none of these\n"
        "'recall' may fall in any of the seven, a tenant's recall in all but the last.",
        reference="embedlab.study.exercises.rag_watching:broken_stage",
        cases=_reports,
        hints=(
            "Write a function that says whether a pair has fallen. Then order the metrics from the cause to "
            "the effect: documents, vectors, ranking, recall. Which come first?",
            "Two stages lower the cosine of long chunks. Which metric does only one of them lower?",
            "A cosine divides by both lengths. So which metric sees vectors that are too long, and which "
            "does not?",
        ),
        mistakes=(
            Mistake(
                "the model blamed for a recut",
                "The stored cosines compare two texts by one model, that of the card. What embeds the "
                "questions is compared in question_side only.",
                _model_for_a_cut,
            ),
            Mistake(
                "overall recall alone",
                "What is stale, cut short or asked by another model hardly moves recall, and it falls "
                "without a fault when weak tenants ask more. Look at the other metrics.",
                _overall_recall,
            ),
            Mistake(
                "stale only if recall fell",
                "Few labelled questions ask for what is new, so recall hardly moves when it is missing. "
                "in_index needs no questions.",
                _stale_by_recall,
            ),
            Mistake(
                "a tenant hidden by the mean",
                "Means over all hardly move when a small tenant is lost, and overall recall moves without a "
                "fault when the shares of the tenants do. Look at each tenant.",
                _mean_hides,
            ),
            Mistake(
                "a tenant without questions",
                "A tenant for which nothing is labelled has no recall that could fall, but its chunks do not "
                "find themselves: look at self_retrieval, too.",
                _recall_only_for_the_filter,
            ),
            Mistake(
                "the cosine believed for everything",
                "A cosine does not see lengths, but an inner product ranks by them: long vectors push in "
                "front. Look at vector_length.",
                _cosine_for_all,
            ),
            Mistake(
                "effect before cause",
                "Each fault may lower self-retrieval or the recall of one tenant. Blame the filter when all "
                "that comes before it is as it was.",
                _effect_first,
            ),
            Mistake(
                "truncation called a recut",
                "Under a recut, short chunks have other texts, too. If only the long ones differ, their ends "
                "are missing.",
                _any_cosine_is_a_cut,
            ),
            Mistake(
                "a recut called truncation",
                "Both lower the cosine of long chunks, but short ones lose nothing by truncation: look at "
                "their cosine first.",
                _long_first,
            ),
            Mistake(
                "fixed limits",
                "A metric that was always 0.6 is no fault, one that was 1.0 may be. Compare with healthy.",
                _fixed_limits,
            ),
        ),
        follow_up="Which of these metrics need no labelled questions? Which one would you watch every hour "
        "if you could have only one, and what would it miss?",
    ),
)
