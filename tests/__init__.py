"""The tests. Loading the package first keeps onnxruntime quiet, also where a test imports it directly."""

import avg_video  # noqa: F401
