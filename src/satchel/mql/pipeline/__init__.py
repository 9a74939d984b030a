"""Aggregation pipelines: stages, accumulators, window functions."""

from satchel.mql.pipeline.parser import Leading, Pipeline, parse_pipeline

__all__ = ["Leading", "Pipeline", "parse_pipeline"]
