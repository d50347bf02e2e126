"""The paths, one module for each subject; `jinku.api.app` lists them."""
