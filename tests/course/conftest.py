"""What the tests of drawings share."""

import matplotlib.pyplot as plt
import pytest

from embedlab.course import use_style


@pytest.fixture(autouse=True)
def styled():
    """Draw as in the notebooks, whatever ran before, and close what a test has drawn."""
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


@pytest.fixture
def texts():
    """Return a function that lists the texts of a figure, panel by panel."""
    return lambda figure: [text.get_text() for axes in figure.axes for text in axes.texts]
