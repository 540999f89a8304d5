"""Dagster: thin assets over the stages of `pipelines.catalog`. No rule of the domain stands here."""
