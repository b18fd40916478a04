"""skewguard keeps the model you serve the model you validated."""

__version__ = "0.1.0"
