"""Measured numbers as digits: as many as a person compares by, and never an exponent where one would count zeros."""

import math

UNKNOWN = "unknown"


def digits(value: float) -> str:
    """Three digits that count, and thousands set apart: `0.0412`, `4.12`, `412`, `41,200`; `0` for nothing."""
    if not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    whole = float(f"{value:.3g}")
    if abs(whole) >= 1000:
        return f"{value:,.0f}"
    if abs(whole) < 1e-4:
        return f"{value:.2e}"
    places = max(2 - math.floor(math.log10(abs(whole))), 0)
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
