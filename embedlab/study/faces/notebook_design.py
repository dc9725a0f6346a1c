"""A design round in a notebook: `design_round`, with folded answers where nothing runs."""

from embedlab.study.faces.design_html import static_round
from embedlab.system_design import LEVELS, Round, find_case


class StaticRound:
    """A round with folded answers, for pages where nothing runs."""

    def __init__(self, page: str):
        self.page = page

    def __repr__(self) -> str:
        return "a design round; in a terminal: embedlab design"

    def _repr_html_(self) -> str:
        return self.page


def design_round(case: str, level: str | None = None, *, fast: bool = False) -> object:
    """Hold a design round in the notebook; it goes into the same history as the terminal's.

    A round that was interrupted, here or in a terminal, goes on where it stood. Where there is no front end
    to answer in, the round stands there with folded answers.

    Parameters
    ----------
    case : str
        Its name, or how that begins.
    level : str, optional
        "junior", "senior" or "staff": whose model answer is shown; without, the case's own.
    fast : bool
        18 minutes instead of 45.

    Raises
    ------
    ValueError
        If there is no such case or level.

    Examples
    --------
    >>> design_round("tickets")._repr_html_().count("<summary>") > 20
    True
    """
    chosen = find_case(case)
    if level not in (None, *LEVELS):
        raise ValueError(f"there is no level {level!r}; levels: {', '.join(LEVELS)}")
    page = static_round(chosen, level or chosen.level, fast=fast)
    try:
        from embedlab.study.faces.design_widget import DesignWidget
    except ImportError:  # without the extra "course"
        return StaticRound(page)

    def begin():
        from embedlab.study.practice import History, begun

        playing = begun(chosen.name)
        if playing is None or playing.step is None:
            playing = Round(case=chosen.name, level=level or chosen.level, fast=fast)
        return playing, History()

    return DesignWidget(begin, page)
