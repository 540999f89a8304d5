"""Charts: pure functions from frames to Plotly figures. Colours are the theme's, put in by the browser."""
