"""The small functions behind parametric questions: back-of-the-envelope arithmetic of search systems."""

import inspect

from embedlab.study.bank import formulas_chapters, formulas_systems

FORMULAS = {
    name: formula
    for module in (formulas_chapters, formulas_systems)
    for name, formula in inspect.getmembers(module, inspect.isfunction)
}
