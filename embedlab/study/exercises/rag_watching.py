"""Exercises of chapter 11: which stage has failed without an error."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake

NOISE = 0.05  # what a metric moves from night to night
SHARES = ("in_index", "stored_cosine_short", "stored_cosine_long", "self_retrieval", "recall")
GOOD = (0.99, 1.0, 1.0, 0.97, 0.86), 0.0, (0.91, 0.84, 0.58)  # shares, spread of norms, recall by tenant
COARSE = (0.93, 0.94, 0.92, 0.88, 0.62), 0.3, (0.71, 0.64, 0.41)  # weaker, quantized, and as healthy
# What a night's report may look like: factors of `SHARES`, what is added to the spread, factors by tenant.
NIGHTS = (
    ((1, 1, 1, 1, 1), 0, (1, 1, 1)),  # nothing
    ((1, 1, 1, 1, 0.88), 0, (1, 1, 1)),  # nothing: the weakest tenant asks more
    ((1, 1, 1, 1, 1.08), 0, (1.1, 1.1, 1.1)),  # nothing: it became better
    ((0.8, 1, 1, 1, 1), 0, (1, 1, 1)),  # stale
    ((0.7, 1, 1, 1, 0.96), 0, (1, 1, 0.5)),  # stale
    ((1, 0.02, 0.01, 0.0, 0.04), 0, (0.05, 0.0, 0.1)),  # query model, not related
    ((1, 0.8, 0.78, 0.9, 0.84), 0, (0.85, 0.84, 0.8)),  # query model, a successor
    ((1, 0.45, 0.35, 0.1, 1), 0, (1, 1, 1)),  # re-cut
    ((1, 0.75, 0.5, 0.4, 1), 0, (1, 1, 1)),  # re-cut
    ((1, 1, 0.8, 0.9, 0.89), 0, (0.9, 0.8, 0.7)),  # truncation
    ((1, 1, 0.85, 0.93, 0.98), 0, (1, 1, 0.8)),  # truncation, of one tenant's long documents
    ((1, 1, 0.7, 0.85, 1), 0, (1, 1, 1)),  # truncation, the questions ask for beginnings
    ((1, 1, 1, 0.6, 0.7), 3.2, (0.7, 0.7, 0.6)),  # norms
    ((1, 1, 1, 0.9, 0.97), 0.6, (1, 0.7, 1)),  # norms
    ((1, 1, 1, 0.8, 1), 1.4, (1, 1, 1)),  # norms
    ((1, 1, 1, 1, 0.97), 0, (1, 1, 0)),  # filter, of a tenant that asks little
    ((1, 1, 1, 1, 0.97), 0, (1, 0.5, 1)),  # filter, of a part of a tenant
    ((1, 1, 1, 1, 0.6), 0, (0, 1, 1)),  # filter, of a tenant that asks much
    ((1, 1, 1, 1, 0.9), 0, (0, 1, 0)),  # filter, of two tenants
)


def _reports(rng: np.random.Generator) -> list[tuple]:
    """List (report,): every night of `NIGHTS`, with noise, for a good system and for a coarse one."""

    def pair(healthy, factor):
        moved = healthy * factor + float(rng.choice([-0.01, 0, 0.01]))
        return healthy, round(min(max(moved, 0.0), 1.0), 2)

    cases = []
    for shares, spread, tenants in (GOOD, COARSE):
        for factors, added, by_tenant in NIGHTS:
            report = {name: pair(*both) for name, *both in zip(SHARES, shares, factors, strict=True)}
            report["norms_spread"] = spread, round(spread + added, 2)
            named = zip(("acme", "globex", "initech"), tenants, by_tenant, strict=True)
            report["recall_by_tenant"] = {name: pair(*both) for name, *both in named}
            cases.append((report,))
    return cases


def broken_stage(report):
    """Name the stage that has failed silently, from what moved and what did not.

    Read first what lies nearest to a cause, and recall last: each fault may lower it, for one tenant or all.

    ============  ========  ============  ===========  ==============  ============  ==================
    stage         in_index  cosine short  cosine long  self_retrieval  norms_spread  recall
    ============  ========  ============  ===========  ==============  ============  ==================
    stale         falls     =             =            =               =             may fall
    query model   =         falls         falls        falls           =             falls, all tenants
    re-cut        =         falls         falls        falls           =             =
    truncation    =         =             falls        may fall        =             may fall
    norms         =         =             =            may fall        rises         may fall
    filter        =         =             =            =               =             falls, some tenants
    none          =         =             =            =               =             = by tenant
    ============  ========  ============  ===========  ==============  ============  ==================

    Parameters
    ----------
    report : dict
        Of each metric, (healthy, now); of recall_by_tenant a dict of tenant to (healthy, now).

    Returns
    -------
    str

    Examples
    --------
    >>> report = {name: (0.9, 0.9) for name in SHARES} | {"norms_spread": (0.0, 0.0)}
    >>> broken_stage(report | {"recall_by_tenant": {"acme": (0.91, 0.9), "globex": (0.85, 0.0)}})
    'filter'
    """
    if _fell(report["in_index"]):
        return "stale"
    if _fell(report["stored_cosine_short"]):
        return "query model" if _fell(report["recall"]) else "re-cut"
    if _fell(report["stored_cosine_long"]):
        return "truncation"
    if _fell(report["norms_spread"][::-1]):
        return "norms"
    return "filter" if any(map(_fell, report["recall_by_tenant"].values())) else "none"


def _fell(pair):
    healthy, now = pair
    return now < healthy - NOISE


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _model_for_a_cut(report):
    return broken_stage(report).replace("re-cut", "query model")


def _overall_recall(report):
    return broken_stage(report) if _fell(report["recall"]) else "none"


def _mean_hides(report):
    return broken_stage(report | {"recall_by_tenant": {"all": report["recall"]}})


def _cosine_for_all(report):
    return broken_stage(report | {"norms_spread": (0.0, 0.0)})


def _self_retrieval_for_the_model(report):
    return "query model" if _fell(report["self_retrieval"]) else broken_stage(report)


def _effect_first(report):
    tenants = list(map(_fell, report["recall_by_tenant"].values()))
    return "filter" if any(tenants) and not all(tenants) else broken_stage(report)


def _fixed_limits(report):
    """Ask whether each metric is good, not whether it has become worse."""
    wanted = {name: (1.0, report[name][1]) for name in SHARES} | {
        "norms_spread": (0.0, report["norms_spread"][1])
    }
    tenants = {name: (0.7, now) for name, (_, now) in report["recall_by_tenant"].items()}
    return broken_stage(wanted | {"recall_by_tenant": tenants})


def _long_first(report):
    return "truncation" if _fell(report["stored_cosine_long"]) else broken_stage(report)


EXERCISES = (
    Exercise(
        name="broken_stage",
        chapter="11_rag",
        task="Nothing crashed, and the system became worse: name the stage. report is a dict of str to "
        "(healthy, now), two floats: 'in_index', the share of the source's documents whose hash is indexed; "
        "'stored_cosine_short' and 'stored_cosine_long', of short and of long chunks, the mean cosine of "
        "the stored vector with the one that the path of the questions makes now of the text under its id; "
        "'self_retrieval', the share of those texts that find their own id first, by inner product and "
        "without a filter; 'norms_spread', the length of the longest stored vector minus that of the "
        "shortest; 'recall' of labelled questions, by chunk id; and 'recall_by_tenant', a dict of tenant "
        "(one or more) to (healthy, now). A metric falls if now is more than 0.05 below healthy, and rises "
        "likewise. At most one stage is broken. Return a str, and what it does: 'stale' (changed pages are "
        "not indexed): in_index falls; recall may, of any tenants. 'query model' (questions are embedded by "
        "another model): both cosines, self_retrieval and recall of all tenants fall. 're-cut' (texts cut "
        "anew under the old ids, vectors kept): both cosines and self_retrieval fall, recall by id does "
        "not. 'truncation' (fewer tokens are read): the long cosine falls, the short one does not; "
        "self_retrieval and recall may. 'filter' (chunks lack their tenant): recall of some tenants falls, "
        "nothing else but perhaps recall over all. 'norms' (some vectors stored without normalisation): "
        "think what it changes. 'none': no tenant's recall falls, though recall over all may, when weak "
        "tenants ask more.",
        reference="embedlab.study.exercises.rag_watching:broken_stage",
        cases=_reports,
        hints=(
            "Write a function that says whether a pair has fallen. Then order the metrics from the cause to "
            "the effect: documents, vectors, ranking, recall. Which come first?",
            "Two stages lower the cosine of short chunks. Which one leaves questions and vectors on the "
            "same map?",
            "A cosine divides by both lengths. So which metric sees vectors that are too long, and which "
            "does not?",
        ),
        mistakes=(
            Mistake(
                "the model blamed for a re-cut",
                "If questions still find the right ids, they are embedded by the right model. It is the text "
                "under the id that is another.",
                _model_for_a_cut,
            ),
            Mistake(
                "overall recall alone",
                "Recall by id on old questions stays what it was if the index is stale, or the texts are cut "
                "anew. Look at the other metrics whatever recall says.",
                _overall_recall,
            ),
            Mistake(
                "a tenant hidden by the mean",
                "Recall over all hardly moves when a tenant that asks little is lost, and moves without a "
                "fault when the shares of the tenants do. Look at each tenant.",
                _mean_hides,
            ),
            Mistake(
                "the cosine believed for everything",
                "A cosine does not see lengths, but an inner product ranks by them: long vectors push in "
                "front. Look at norms_spread.",
                _cosine_for_all,
            ),
            Mistake(
                "self-retrieval means the model",
                "A text fails to find itself for many reasons: look at the cosines and the norms for which "
                "one.",
                _self_retrieval_for_the_model,
            ),
            Mistake(
                "effect before cause",
                "Stale pages, truncation and long vectors can hit one tenant only, too. Blame the filter "
                "when all else is as it was.",
                _effect_first,
            ),
            Mistake(
                "fixed limits",
                "A metric that was always 0.6 is no fault, and one that was 1.0 may be. Compare with "
                "healthy.",
                _fixed_limits,
            ),
            Mistake(
                "truncation for all cosines",
                "Short chunks lose nothing by truncation: look at their cosine first.",
                _long_first,
            ),
        ),
        follow_up="Which of these metrics need no labelled questions? Which one would you watch every hour "
        "if you could have only one, and what would it miss?",
    ),
)
