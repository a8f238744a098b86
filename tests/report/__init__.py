"""Tests of the report: a package, so that its tests share one toy study."""
