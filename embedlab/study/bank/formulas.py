"""The small functions behind parametric questions: back-of-the-envelope arithmetic of search systems."""

import inspect

from embedlab.study.bank import formulas_ranking, formulas_systems, formulas_text, formulas_vectors

FORMULAS = {
    name: formula
    for module in (formulas_text, formulas_vectors, formulas_ranking, formulas_systems)
    for name, formula in inspect.getmembers(module, inspect.isfunction)
}
