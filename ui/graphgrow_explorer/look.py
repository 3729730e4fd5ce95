"""How the page looks: Streamlit's settings for a theme in light and dark, and the few rules it has no setting for."""

from pathlib import Path

ICON = Path(__file__).with_name("logo.svg")
# Of charts: Okabe and Ito's palette without its yellow, which a white page swallows; lighter on a dark one.
LIGHT = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8A8A8A", "#6A5ACD"]
DARK = ["#4FA3DD", "#F0B030", "#2BC39A", "#DD94C2", "#8FD3FB", "#F27A35", "#A8A8A8", "#A79BEF"]
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', sans-serif"
_SHARED: dict[str, object] = {
    "theme.font": FONT,
    "theme.headingFont": FONT,
    "theme.codeFont": "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', monospace",
    "theme.baseFontSize": 15,
    "theme.headingFontSizes": ["1.7rem", "1.35rem", "1.1rem", "1rem", "0.95rem", "0.9rem"],
    "theme.headingFontWeights": [650, 600, 600, 600, 600, 600],
    "theme.metricValueFontSize": "1.35rem",
    "theme.baseRadius": "8px",
    "theme.showWidgetBorder": True,
}
_LIGHT: dict[str, object] = {
    "chartCategoricalColors": LIGHT,
    "primaryColor": "#0B6BA8",
    "backgroundColor": "#FFFFFF",
    "secondaryBackgroundColor": "#F4F6F8",
    "textColor": "#1B2733",
    "borderColor": "#DCE2E8",
    "linkColor": "#0B6BA8",
}
_DARK: dict[str, object] = {
    "chartCategoricalColors": DARK,
    "primaryColor": "#5AB4E8",
    "backgroundColor": "#12181F",
    "secondaryBackgroundColor": "#1B232C",
    "textColor": "#E4EAF0",
    "borderColor": "#303B46",
    "linkColor": "#7CC4EE",
}

# A constant: nothing that was read anywhere is ever put into it.
STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 4.4rem 2rem 3rem; max-width: 1680px; }
[data-testid="stHeader"] { border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
[data-testid="stMetricLabel"] { opacity: .75; }
[data-testid="stCaptionContainer"] { opacity: .78; }
[data-testid^="stBaseButton-primary"], [data-testid^="stBaseButton-primary"]:hover {
  background: #1F77B0; border-color: #1F77B0; }
[data-testid="stText"] { white-space: pre-wrap; overflow-wrap: anywhere; font-family: inherit; }
[data-testid="stCode"] pre, [data-testid="stCode"] code { white-space: pre-wrap; overflow-wrap: anywhere; }
.st-key-header h2 { padding: 0 0 .1rem !important; }
.st-key-choice { margin-top: -.4rem; }
[data-testid="stLayoutWrapper"]:has(> * > .st-key-news-part:only-child) { position: absolute; }
.st-key-header p { margin-bottom: 0; }
h1, h2, h3 { overflow-wrap: anywhere; letter-spacing: -.01em; }
[class*="st-key-undo-o"] { position: fixed; right: 1.4rem; bottom: 1.4rem; z-index: 1000; width: auto; max-width: 34rem;
  padding: .7rem 1rem; border-radius: 8px; border: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  background: color-mix(in srgb, currentColor 7%, transparent); backdrop-filter: blur(14px);
  animation: undo-over .3s 19.7s forwards; }
.st-key-undo-other { animation-name: undo-over-too; }
@keyframes undo-over { to { opacity: 0; visibility: hidden; } }
@keyframes undo-over-too { to { opacity: 0; visibility: hidden; } }
@media (max-width: 900px) {
  .st-key-choice [data-testid="stHorizontalBlock"] { flex-wrap: wrap; }
  .st-key-choice [data-testid="stColumn"]:first-child { min-width: 100%; }
  [class*="st-key-stage"] > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"] { flex-wrap: wrap; }
  [class*="st-key-stage"] > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"] >
    [data-testid="stColumn"] { flex: 1 1 100%; min-width: 100%; }
}
@media (max-width: 900px) { [data-testid="stMainBlockContainer"] { padding: 4.4rem 1rem 2rem; } }
</style>"""


def theme() -> dict[str, object]:
    """Return the settings of the theme; the page follows the system's light or dark."""
    sides = {f"theme.{side}.{name}": value for side, colours in (("light", _LIGHT), ("dark", _DARK))
             for name, value in colours.items()}  # fmt: skip
    return _SHARED | sides


def variables() -> dict[str, dict[str, str]]:
    """Return Streamlit's variables for colours and font of both sides of the theme, for what is drawn before it."""
    font = FONT.replace(", ", ",") + ',"Source Sans",sans-serif'
    names = {"backgroundColor": "background-color", "textColor": "text-color", "primaryColor": "primary-color"}
    return {
        side: {"--st-font": font} | {f"--st-{name}": str(colours[setting]) for setting, name in names.items()}
        for side, colours in (("light", _LIGHT), ("dark", _DARK))
    }
