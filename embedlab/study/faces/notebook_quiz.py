"""The face in a notebook: `quiz` at the end of each chapter."""

from embedlab.study.bank import questions_on, static
from embedlab.study.practice import varied


class StaticQuiz:
    """Questions with folded answers, for pages where nothing runs."""

    def __init__(self, html: str):
        self.html = html

    def __repr__(self) -> str:
        return "a quiz; in a terminal: embedlab quiz"

    def _repr_html_(self) -> str:
        return self.html


def quiz(topic: str, n: int = 5, *, adaptive: bool = False, seed: int | None = None) -> object:
    """Ask questions on a topic, in the notebook; answers go into the same history as the terminal's.

    Where there is no front end to answer in (a page on GitHub, a printed notebook), the questions stand there
    with folded answers.

    Parameters
    ----------
    topic : str
        By number or name, such as ``"hnsw"``.
    n : int
        How many questions.
    adaptive : bool
        Whether each is chosen by the answers so far.
    seed : int, optional
        Draws the same questions again, as long as the history is the same.

    Raises
    ------
    ValueError
        If there is no such topic, or n is not positive.

    Examples
    --------
    >>> quiz("hnsw")._repr_html_().count("<summary>")
    5
    """
    questions = questions_on([topic])
    if n < 1:
        raise ValueError(f"the number of questions must be positive, but is {n}")
    # What is saved with the notebook must not depend on who ran it: no history, a fixed seed.
    page = static(varied(questions, [], n, seed=0))
    try:
        from embedlab.study.faces.widget import QuizWidget
    except ImportError:  # without the extra "course"
        return StaticQuiz(page)

    def begin():
        from embedlab.study.practice import History, quizzes

        return quizzes.quiz(questions, History(), n, adaptive=adaptive, seed=seed)

    return QuizWidget(begin, page)
