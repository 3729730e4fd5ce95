"""The drawing library as text: Vega, Vega-Lite and Vega-Embed, which vl-convert carries; nothing is fetched."""

from graphgrow.errors import BadInput

MISSING = "a report needs {name}: pip install 'graphgrow[report]'"


def library() -> str:
    """Return the JavaScript that draws the figures, about 0.9 MB.

    Raises:
        BadInput: the extra `report` is not installed.
    """
    try:
        import altair as alt  # noqa: F401 # charts.py needs it, and nothing was measured yet
        import vl_convert
    except ModuleNotFoundError as error:
        raise BadInput(MISSING.format(name=error.name)) from None
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
