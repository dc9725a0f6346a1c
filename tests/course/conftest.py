"""What the tests of drawings share."""

import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def closed():
    """Close what a test has drawn."""
    yield
    plt.close("all")


@pytest.fixture
def texts():
    """Return a function that lists the texts of a figure, panel by panel."""
    return lambda figure: [text.get_text() for axes in figure.axes for text in axes.texts]
