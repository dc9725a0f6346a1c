"""The small functions behind parametric questions: back-of-the-envelope arithmetic of search systems."""

import inspect

from embedlab.study.bank import (
    formulas_databases,
    formulas_design,
    formulas_online,
    formulas_pipelines,
    formulas_ranking,
    formulas_scale,
    formulas_security,
    formulas_serving,
    formulas_systems,
    formulas_text,
    formulas_vectors,
)

MODULES = (
    formulas_text,
    formulas_vectors,
    formulas_ranking,
    formulas_scale,
    formulas_systems,
    formulas_pipelines,
    formulas_serving,
    formulas_databases,
    formulas_online,
    formulas_design,
    formulas_security,
)
FORMULAS = {
    name: formula for module in MODULES for name, formula in inspect.getmembers(module, inspect.isfunction)
}
