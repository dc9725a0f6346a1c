"""What the tests of the exercises share."""


def named(name, function):
    """Return the function as a learner would have written it, under the exercise's name."""

    def written(*arguments):
        return function(*arguments)

    written.__name__ = name
    return written


def stub(name, body="..."):
    """Return a function of that name and body, whose source is not to be had."""
    space = {}
    exec(f"def {name}(*arguments):\n    {body}", space)
    return space[name]


def rows(result):
    return dict(result.rows)
